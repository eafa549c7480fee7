package httpdate_test

import (
	"fmt"
	"time"

	"github.com/uncache/uncache/internal/httpdate"
)

func ExampleParse() {
	t, ok := httpdate.Parse("Sun, 06 Nov 1994 08:49:37 GMT")
	fmt.Println(t.Format(time.RFC3339), ok)
	_, ok = httpdate.Parse("Sun, 6 Nov 1994 8:49:37 GMT")
	fmt.Println(ok)
	// Output:
	// 1994-11-06T08:49:37Z true
	// false
}

func ExampleParseAt() {
	now := time.Date(2026, 11, 6, 0, 0, 0, 0, time.UTC)
	soon, _ := httpdate.ParseAt("Friday, 06-Nov-76 00:00:00 GMT", now)
	old, _ := httpdate.ParseAt("Sunday, 06-Nov-77 00:00:00 GMT", now)
	fmt.Println(soon.Year(), old.Year())
	// Output:
	// 2076 1977
}
