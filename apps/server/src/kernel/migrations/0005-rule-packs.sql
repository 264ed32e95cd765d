-- What a pin (id@version) stood for when it was first loaded: a case keeps the rules that it was filed under.
create table rule_packs (
  pin text primary key,
  digest text not null,
  since timestamptz not null
);
