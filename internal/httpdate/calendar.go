package httpdate

import "time"

// date returns the time that its parts make, if they are in the calendar.
// A part that is negative is not.
func date(year int, m time.Month, day int, clock string) (time.Time, bool) {
	if clock[2] != ':' || clock[5] != ':' {
		return time.Time{}, false
	}
	hour, minute, second := number(clock[:2]), number(clock[3:5]), number(clock[6:])
	leap := hour == 23 && minute == 59 && second == 60
	if year < 0 || m == 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
		second < 0 || second > 59 && !leap {
		return time.Time{}, false
	}
	if day < 1 || time.Date(year, m, day, 0, 0, 0, 0, time.UTC).Day() != day {
		return time.Time{}, false
	}
	return time.Date(year, m, day, hour, minute, second, 0, time.UTC), true
}

// number returns the number that s writes, or -1 if s is not digits alone.
func number(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

// month returns 0 for what is no name of a month.
func month(s string) time.Month {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	for i := 0; i < len(names); i += 3 {
		if fold(s, names[i:i+3]) {
			return time.Month(i/3 + 1)
		}
	}
	return 0
}

func shortDay(s string) bool {
	for _, name := range dayNames {
		if fold(s, name[:3]) {
			return true
		}
	}
	return false
}

func longDay(s string) bool {
	for _, name := range dayNames {
		if fold(s, name) {
			return true
		}
	}
	return false
}

var dayNames = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// fold reports whether s is name, of ASCII letters, in any case.
func fold(s, name string) bool {
	if len(s) != len(name) {
		return false
	}
	for i := range len(s) {
		if s[i]|0x20 != name[i]|0x20 {
			return false
		}
	}
	return true
}
