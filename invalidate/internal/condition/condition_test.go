package condition

import "testing"

func TestConditionsThatMayMatchOtherRows(t *testing.T) {
	for sql, want := range map[string]Reading{
		"slug = $1": {},
		`"posts"."id" IN ($1,$2) AND (a = ? OR b > 3)`: {},
		"`a`.`b` NOT IN (?) AND EXISTS (1)":            {},
		"lower(title) = 'random()'":                    {},
		`"random()" = 1 AND title <> 'it''s now()'`:    {},
		"state = 'limit'":                              {},
		"price::numeric(10,2) > 3":                     {},
		"(hall, number) IN ((?,?),(?,?))":              {},
		"id IN (SELECT id FROM posts)":                 {Selects: true},
		"author_id = (select max(id) from authors)":    {Selects: true},
		"id IN (SELECT id FROM posts LIMIT 1)":         {Selects: true, Volatile: true},
		"random() < 0.5":                               {Volatile: true},
		"RAND () < 0.5":                                {Volatile: true},
		`pg_catalog."random"() < 0.5`:                  {Volatile: true},
		"published < now()":                            {Volatile: true},
		"published < CURRENT_TIMESTAMP":                {Volatile: true},
		"@n > 3":                                       {Volatile: true},
		"mine(id)":                                     {Volatile: true},
		`"it's" = 1 OR random() > 'x'`:                 {Volatile: true},
		`title = 'it\'s' OR random() > '1'`:            {Selects: true, Volatile: true},
		"title = $$'$$ OR random() > '1'":              {Volatile: true},
		"1 = 1 /* ' */ OR random() > '1'":              {Volatile: true},
		"1 = 1 -- '\nOR random() > 1":                  {Volatile: true},
		"title = '":                                    {Volatile: true},
	} {
		if got := Read(sql); got != want {
			t.Errorf("%s: got %+v, want %+v", sql, got, want)
		}
	}
}
