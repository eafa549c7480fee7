package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// A size is a number of bytes that a flag can be set to: "67108864", "64M".
type size int

func (s *size) String() string {
	n, unit := int(*s), ""
	for _, u := range []string{"K", "M", "G"} {
		if n == 0 || n%1024 != 0 {
			break
		}
		n, unit = n/1024, u
	}
	return strconv.Itoa(n) + unit
}

// Set reads a number with a unit, of powers of 1024: K, KiB, KB and so on.
func (s *size) Set(text string) error {
	digits := strings.TrimRight(text, "kKmMgGiIbB")
	n, err := strconv.Atoi(digits)
	if err != nil || n <= 0 {
		return errors.New("want a number of bytes above 0, such as 67108864, 64M or 1G")
	}
	shift := 0
	switch unit := strings.ToUpper(text[len(digits):]); unit {
	case "", "B":
	case "K", "KB", "KIB":
		shift = 10
	case "M", "MB", "MIB":
		shift = 20
	case "G", "GB", "GIB":
		shift = 30
	default:
		return errors.New("unknown unit " + unit + ": K, M or G")
	}
	if n > math.MaxInt>>shift {
		return errors.New("too large")
	}
	*s = size(n << shift)
	return nil
}
