package rediscache

import "log/slog"

// LogValue returns what o says, for package slog.
func (o Observation) LogValue() slog.Value {
	return slog.GroupValue(slog.String("op", string(o.Op)), slog.Uint64("head", uint64(o.Head)))
}
