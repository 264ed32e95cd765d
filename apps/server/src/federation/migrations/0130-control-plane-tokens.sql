-- The token of a control plane is renewed while it works: the one before holds for a time that is stated.
alter table federation_control_planes
  add column before_digest text unique check (before_digest ~ '^[0-9a-f]{64}$'),
  add column before_until timestamptz,
  add column renewed_at timestamptz,
  add check ((before_digest is null) = (before_until is null));
