-- A purchase at another node whose negotiation leads nowhere is taken back by the word of both nodes; one whose node is believed no
-- longer ends by itself.

-- At the buyer's node.
alter table node_purchases drop constraint node_purchases_state_check;
alter table node_purchases add constraint node_purchases_state_check
  check (state in ('holding', 'guaranteeing', 'negotiating', 'withdrawing', 'bought', 'settled', 'failed'));
drop index node_purchases_due;
create index node_purchases_due on node_purchases (next_at) where state in ('guaranteeing', 'withdrawing');
create index node_purchases_open on node_purchases (peer_key) where state in ('guaranteeing', 'negotiating', 'withdrawing', 'bought');
-- Since when the seller's node is believed no longer; null: it is.
alter table node_purchases add column unbelieved_at timestamptz;

-- At the seller's node: what became of a guarantee that its node asked back. `asked`: being looked at; null: it stands.
alter table node_guarantees add column withdrawn text check (withdrawn in ('asked', 'void', 'bought'));
alter table node_guarantees add column agreement text;
-- Since when the node that gave it is believed no longer: its contract ends.
alter table node_guarantees add column unbacked_at timestamptz;
