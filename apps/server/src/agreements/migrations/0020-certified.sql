-- A signature with a certificate of a licensed certification authority: which authority (its id, and its title then), whom the
-- certificate names, its serial number and the certificates up to the authority’s (chain: base64 of DER, the signer’s first).
alter table contract_signatures add column certified jsonb;
alter table contract_signatures
  add constraint contract_signatures_certified check ((level = 'licensed-ca') = (certified is not null));
