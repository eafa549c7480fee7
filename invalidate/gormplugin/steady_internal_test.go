package gormplugin

import "testing"

func TestConditionsThatMayMatchOtherRows(t *testing.T) {
	for sql, want := range map[string]reading{
		"slug = $1": {},
		`"posts"."id" IN ($1,$2) AND (a = ? OR b > 3)`: {},
		"`a`.`b` NOT IN (?) AND EXISTS (1)":            {},
		"lower(title) = 'random()'":                    {},
		`"random()" = 1 AND title <> 'it''s now()'`:    {},
		"state = 'limit'":                              {},
		"price::numeric(10,2) > 3":                     {},
		"(hall, number) IN ((?,?),(?,?))":              {},
		"id IN (SELECT id FROM posts)":                 {selects: true},
		"author_id = (select max(id) from authors)":    {selects: true},
		"id IN (SELECT id FROM posts LIMIT 1)":         {selects: true, volatile: true},
		"random() < 0.5":                               {volatile: true},
		"RAND () < 0.5":                                {volatile: true},
		`pg_catalog."random"() < 0.5`:                  {volatile: true},
		"published < now()":                            {volatile: true},
		"published < CURRENT_TIMESTAMP":                {volatile: true},
		"@n > 3":                                       {volatile: true},
		"mine(id)":                                     {volatile: true},
		`"it's" = 1 OR random() > 'x'`:                 {volatile: true},
		`title = 'it\'s' OR random() > '1'`:            {selects: true, volatile: true},
		"title = $$'$$ OR random() > '1'":              {volatile: true},
		"1 = 1 /* ' */ OR random() > '1'":              {volatile: true},
		"1 = 1 -- '\nOR random() > 1":                  {volatile: true},
		"title = '":                                    {volatile: true},
	} {
		if got := read(sql); got != want {
			t.Errorf("%s: got %+v, want %+v", sql, got, want)
		}
	}
}
