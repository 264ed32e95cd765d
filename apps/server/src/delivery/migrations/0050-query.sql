-- Further kinds of delivery: every one that a policy may name (drivers of @shugu/policy).
alter table delivery_endpoints drop constraint delivery_endpoints_kind_check,
  add constraint delivery_endpoints_kind_check check (kind in ('api', 'file', 'proxy', 'query', 'share', 'compute'));
alter table delivery_grants drop constraint delivery_grants_kinds_check,
  add constraint delivery_grants_kinds_check check (cardinality(kinds) between 1 and 6);
