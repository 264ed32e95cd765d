-- The end that a key was given when it was made: access tokens of transfers that are renewed. A suspension ends it sooner, never later.
alter table delivery_keys add column expires_at timestamptz;
