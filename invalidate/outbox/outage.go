package outbox

import "context"

// begin notes that the Purger does not work at all. Until it answers a probe, the
// relay claims nothing.
func (o *Outbox) begin(err error) {
	if !o.outage {
		o.outage = true
		o.count.outages.Add(1)
		o.observe(Observation{Op: OpOutage, Err: err})
	}
}

// recovered returns nil if there is no outage, or none any more.
func (o *Outbox) recovered(ctx context.Context) error {
	if !o.outage {
		return nil
	}
	if err := o.probe(ctx); err != nil {
		return err
	}
	o.outage = false
	o.observe(Observation{Op: OpRecovered})
	return nil
}
