-- Personal data: whom a key is about, answers kept sealed, no names beside moves.

-- Finds the key of a person by what a form says of them (identity or credit code), keyed by the node's secret so that nobody
-- without it can try numbers. Gone with the key: whoever comes back later begins anew.
alter table subject_keys add column fingerprint bytea unique;

-- Answers kept for repeated requests, sealed under a key of their day. Plain ones of before go: repeating such a request now
-- says that it was done.
alter table idempotency drop column reply;
alter table idempotency add column sealed_reply text;
update idempotency set request_digest = '';

-- Whoever moved is named by id; the name is looked up when it is read.
alter table case_moves drop column actor_name;

-- Public fields stand with the case while its state is public; the event needs no copy.
update events set data = data - 'public' where type = 'cases.case.moved' and data ? 'public';
