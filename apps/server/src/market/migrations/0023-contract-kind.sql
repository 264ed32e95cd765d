-- Which of the operator's contract templates orders are drawn up from; null, of earlier listings: provision, as it was.
alter table listings add column contract_kind text;
