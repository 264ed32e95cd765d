-- Cuts and marked copies that no contract needs any more: their bytes go, what was stated of them and what a trace asks stays.
alter table delivery_cuts drop constraint delivery_cuts_state_check;
alter table delivery_cuts add constraint delivery_cuts_state_check
  check (state in ('building', 'ready', 'failed', 'removed'));
alter table delivery_file_copies drop constraint delivery_file_copies_state_check;
alter table delivery_file_copies add constraint delivery_file_copies_state_check
  check (state in ('building', 'ready', 'failed', 'removed'));
