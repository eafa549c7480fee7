package invalidate

import "reflect"

// Registered reports whether a rule was registered for the models of exactly
// this type. It is for code that sees every save of an application, and passes
// on those that somebody asked for.
func (inv *Invalidator) Registered(typ reflect.Type) bool {
	inv.mu.RLock()
	defer inv.mu.RUnlock()
	return inv.rules[typ] != nil
}
