-- A contract ends with what it stands on.
alter table contracts drop constraint contracts_state_check;
alter table contracts add constraint contracts_state_check check (state in ('draft', 'negotiating', 'pendingSignature', 'effective',
  'completed', 'terminatedAgreed', 'terminatedForced', 'refused', 'expired', 'basisEnded'));
