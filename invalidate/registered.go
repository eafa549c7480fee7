package invalidate

import "reflect"

// Registered reports whether there is a rule for models of exactly the type typ:
// *Post and Post are two. It is for code that sees every model which is saved,
// as a plugin of an ORM does, and leaves alone those that nothing stands on.
func (inv *Invalidator) Registered(typ reflect.Type) bool {
	inv.mu.RLock()
	defer inv.mu.RUnlock()
	return inv.rules[typ] != nil
}
