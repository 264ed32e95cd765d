/** Which pages a seat opens: what it works with, in the order of its work. */
import type { Key } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { hasRole, isBuyer, isSupplier, type Me, may } from '../session.ts';

type Item = [path: string, key: Key];
export interface Group {
  key: Key;
  items: Item[];
}

export const openDoors: Item[] = [
  [paths.products, 'menu.products'],
  [paths.demands, 'menu.demands'],
  [paths.publicNotices, 'menu.publicNotices'],
  [paths.verify, 'menu.verify'],
  [paths.rules, 'menu.rules'],
  [paths.directory, 'menu.directory'],
  [paths.board, 'menu.board'],
];

const operator: Group = {
  key: 'menu.operator',
  items: [
    [paths.members, 'menu.members'],
    [paths.listings, 'menu.listingsAll'],
    [paths.orders, 'menu.ordersAll'],
    [paths.contracts, 'menu.contractsAll'],
    [paths.filings, 'menu.filings'],
    [paths.clearing, 'menu.clearing'],
    [paths.templates, 'menu.templates'],
    [paths.rulebook, 'menu.rulebook'],
  ],
};
const supplier: Group = {
  key: 'menu.supplier',
  items: [
    [paths.resources, 'menu.resources'],
    [paths.rights, 'menu.rights'],
    [paths.ownProducts, 'menu.ownProducts'],
    [paths.reports, 'menu.reports'],
    [paths.listings, 'menu.listings'],
  ],
};
const trade: Group = {
  key: 'menu.trade',
  items: [
    [paths.scenarios, 'menu.scenarios'],
    [paths.enquiries, 'menu.enquiries'],
    [paths.orders, 'menu.orders'],
    [paths.contracts, 'menu.contracts'],
    [paths.grants, 'menu.grants'],
    [paths.usage, 'menu.usage'],
    [paths.filings, 'menu.filings'],
  ],
};
const money: Group = {
  key: 'menu.money',
  items: [
    [paths.account, 'menu.account'],
    [paths.statements, 'menu.statements'],
    [paths.invoices, 'menu.invoices'],
  ],
};
const body: Group = { key: 'menu.body', items: [[paths.reports, 'menu.reports']] };
const registrar: Group = { key: 'menu.registrar', items: [[paths.rights, 'menu.rightsRegistered']] };
const regulator: Group = {
  key: 'menu.regulator',
  items: [
    [paths.supervision, 'menu.supervision'],
    [paths.members, 'menu.members'],
    [paths.orders, 'menu.ordersAll'],
    [paths.contracts, 'menu.contractsAll'],
  ],
};

const house = (me: Me): Group => ({
  key: 'menu.house',
  items: [
    [paths.papers, 'menu.papers'],
    [paths.inbox, 'menu.inbox'],
    [paths.jobs, 'menu.jobs'],
    [paths.directives, 'menu.directives'],
    [paths.organisation, 'menu.organisation'],
    ...(may(me, 'members.person.read') ? ([[paths.people, 'menu.people']] as Item[]) : []),
    ...(may(me, 'members.key.read') ? ([[paths.apiKeys, 'menu.apiKeys']] as Item[]) : []),
    ...(may(me, 'members.audit.read') ? ([[paths.audit, 'menu.audit']] as Item[]) : []),
  ],
});

export const seatMenu = (me: Me): Group[] => {
  const own: Group = {
    key: 'menu.work',
    items: [
      [paths.desk, 'menu.desk'],
      [paths.cases, 'menu.cases'],
    ],
  };
  return [
    own,
    ...(hasRole(me, 'operator') ? [operator] : []),
    ...(hasRole(me, 'registrar') ? [registrar] : []),
    ...(hasRole(me, 'regulator') ? [regulator] : []),
    ...(isSupplier(me) ? [supplier] : []),
    ...(hasRole(me, 'serviceBody') && !isSupplier(me) ? [body] : []),
    ...(isBuyer(me) ? [trade] : []),
    ...(isBuyer(me) || hasRole(me, 'serviceBody') ? [money] : []),
    house(me),
  ];
};
