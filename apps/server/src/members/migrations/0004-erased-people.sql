-- Erased: names nobody, opens nothing, is never enabled again. The row stays, as what was done refers to it.
alter table people add column erased_at timestamptz;
alter table people add check (erased_at is null or (status = 'disabled' and password_hash is null and phone is null and email is null));
