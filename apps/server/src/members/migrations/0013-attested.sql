-- What an issuer that is trusted here says of a recognised participant of another node: its legal name and credit code, shown as
-- that issuer's word. {name, creditCode, issuer, issuerName, credential, at}; null: nobody has said anything.
alter table organisations add column attested jsonb check (attested is null or dataspace_id is not null);
