-- The answer to a renewal may be lost: what was renewed by stays good until what it was renewed to is used.
alter table federation_refresh_tokens
  -- SHA-256 of the refresh token that the one that holds was given for, and of its access token; null: it came with the data address.
  add column before_digest text unique check (before_digest ~ '^[0-9a-f]{64}$'),
  add column before_access_digest text check (before_access_digest ~ '^[0-9a-f]{64}$'),
  add check ((before_digest is null) = (before_access_digest is null));
