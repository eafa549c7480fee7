package connector

import "testing"

func TestParse(t *testing.T) {
	tests := []struct {
		query string
		want  statement
	}{
		{"", statement{}},
		{"SELECT 1", statement{plain: true, reads: true}},
		{" \n\tselect 1;", statement{plain: true, reads: true}},
		{"(SELECT 1)", statement{plain: true, reads: true}},
		{"/* begin */ UPDATE posts SET title = 'COMMIT'", statement{plain: true}},
		{"-- COMMIT\nDELETE FROM posts", statement{plain: true}},
		{"# COMMIT\ninsert into posts values (1)", statement{plain: true}},
		{"WITH x AS (DELETE FROM posts RETURNING id) SELECT * FROM x", statement{plain: true}},
		{"EXPLAIN ANALYZE DELETE FROM posts", statement{plain: true}},
		{"selection", statement{}},
		{"CREATE TABLE posts (id int)", statement{}},
		{"SET LOCAL x = 1", statement{}},
		{"CALL save()", statement{}},
		{"/*!50001 COMMIT */", statement{}},

		{"BEGIN", statement{verb: begin}},
		{"begin;", statement{verb: begin}},
		{"begin ; -- now", statement{verb: begin}},
		{"BEGIN IMMEDIATE TRANSACTION", statement{verb: begin}},
		{"begin isolation level serializable", statement{verb: begin}},
		{"START TRANSACTION READ ONLY", statement{verb: begin, readOnly: true}},
		{"begin isolation level read committed, read only", statement{verb: begin, readOnly: true}},
		{"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY;", statement{verb: begin, readOnly: true}},
		{"BEGIN READ WRITE", statement{verb: begin}},
		{"BEGIN READ ONLY; COMMIT; BEGIN", statement{verb: begin, several: true, hidden: true}},
		{"start slave", statement{}},

		{"COMMIT", statement{verb: commit}},
		{"/* app:blog */ commit /* traceparent */;", statement{verb: commit}},
		{"/* a /* b */ c */ commit", statement{verb: commit}},
		{"/*", statement{}},
		{"COMMIT WORK", statement{verb: commit}},
		{"COMMIT AND CHAIN", statement{verb: commit, chain: true}},
		{"COMMIT TRANSACTION AND NO CHAIN", statement{verb: commit}},
		{"END", statement{verb: commit}},
		{"END TRANSACTION", statement{verb: commit}},
		{"COMMIT PREPARED 'x'", statement{}},
		{"PREPARE TRANSACTION 'x'", statement{}},

		{"ROLLBACK", statement{verb: rollback}},
		{"abort;", statement{verb: rollback}},
		{"ROLLBACK AND CHAIN", statement{verb: rollback, chain: true}},
		{"ROLLBACK PREPARED 'x'", statement{}},

		{"SAVEPOINT a", statement{verb: savepoint, name: "a"}},
		{"savepoint A;", statement{verb: savepoint, name: "a"}},
		{"Savepoint\n  \"A b\"", statement{verb: savepoint, name: "A b"}},
		{"SAVEPOINT /* x */ `a``b`", statement{verb: savepoint, name: "a`b"}},
		{`SAVEPOINT "a"";"`, statement{verb: savepoint, name: `a";`}},
		{"SAVEPOINT [a b]", statement{verb: savepoint, name: "a b"}},
		{"SAVEPOINT \"a", statement{verb: savepoint, name: "a"}},
		{"SAVEPOINT sp$1é", statement{verb: savepoint, name: "sp$1é"}},
		{"ROLLBACK TO a", statement{verb: rollbackTo, name: "a"}},
		{"ROLLBACK TO SAVEPOINT a", statement{verb: rollbackTo, name: "a"}},
		{"rollback work to savepoint \"a\"", statement{verb: rollbackTo, name: "a"}},
		{"rollback transaction to\na ;", statement{verb: rollbackTo, name: "a"}},
		{"RELEASE a", statement{verb: release, name: "a"}},
		{"RELEASE SAVEPOINT a", statement{verb: release, name: "a"}},

		{"SELECT 1; SELECT 2", statement{several: true}},
		{"SELECT ';x'", statement{several: true}}, // it may be
		{"SELECT 1;;", statement{plain: true, reads: true}},
		{"UPDATE posts SET a = 1; COMMIT", statement{several: true, hidden: true}},
		{"COMMIT; BEGIN", statement{several: true, hidden: true}},
		{"BEGIN; UPDATE posts SET a = 1", statement{verb: begin, several: true}},
		{"BEGIN; UPDATE posts SET a = 1; END", statement{verb: begin, several: true, hidden: true}},
	}
	for _, tt := range tests {
		if got := parse(tt.query); got != tt.want {
			t.Errorf("parse(%q):\n got %+v\nwant %+v", tt.query, got, tt.want)
		}
	}
}

// Every statement passes through parse.
func FuzzParse(f *testing.F) {
	for _, q := range []string{"BEGIN", "/* /* */ commit; x", "SAVEPOINT \"a\"\"b\"", "ROLLBACK WORK TO SAVEPOINT [x", "'", "# x"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		s := parse(query)
		if s.plain && (s.verb == begin || s.verb == commit || s.verb == rollback) {
			t.Errorf("parse(%q): %+v is plain, though it ends or begins a transaction", query, s)
		}
		if s.several && s.plain {
			t.Errorf("parse(%q): several statements are plain", query)
		}
	})
}

// The cost for every statement of a wrapped driver.
func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		parse("SELECT id, slug, title, body FROM posts WHERE slug = $1 AND published ORDER BY id DESC LIMIT 20")
	}
}
