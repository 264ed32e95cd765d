/** Which pages a seat opens: what it works with, in the order of its work. */
import type { Key } from '../i18n/index.ts';
import { paths } from '../paths.ts';
import { hasRole, isBuyer, isSupplier, type Me, may } from '../session.ts';

/** With a permission, the page is of use only to those who have it: a seat is not sent where it may not look. */
type Item = [path: string, key: Key, permission?: string];
export interface Group {
  key: Key;
  items: Item[];
}

export const openDoors: Item[] = [
  [paths.products, 'menu.products'],
  [paths.demands, 'menu.demands'],
  [paths.spaces, 'menu.spaces'],
  [paths.publicNotices, 'menu.publicNotices'],
  [paths.verify, 'menu.verify'],
  [paths.rules, 'menu.rules'],
  [paths.directory, 'menu.directory'],
  [paths.board, 'menu.board'],
];

const operator: Group = {
  key: 'menu.operator',
  items: [
    [paths.members, 'menu.members', 'members.organisation.read'],
    [paths.listings, 'menu.listingsAll', 'market.listing.supervise'],
    [paths.orders, 'menu.ordersAll', 'market.order.supervise'],
    [paths.contracts, 'menu.contractsAll', 'agreements.contract.supervise'],
    [paths.computations, 'menu.computations', 'compute.contract.supervise'],
    [paths.filings, 'menu.filings'],
    [paths.clearing, 'menu.clearing', 'settlement.desk.read'],
    [paths.templates, 'menu.templates'],
    [paths.rulebook, 'menu.rulebook'],
    [paths.traces, 'menu.traces', 'delivery.trace'],
    [paths.gateways, 'menu.gateways', 'delivery.gateway.read'],
    [paths.harvests, 'menu.harvest', 'catalogue.harvest.read'],
    [paths.node, 'menu.node', 'nodes.uplink.read'],
    [paths.nodes, 'menu.nodes', 'nodes.node.read'],
    [paths.uplink, 'menu.uplink', 'nodes.uplink.read'],
    [paths.recognitions, 'menu.recognitions', 'nodes.recognition.read'],
    [paths.mutualStatements, 'menu.mutual', 'nodes.statement.read'],
    [paths.issuers, 'menu.issuers', 'federation.issuer.read'],
    [paths.retention, 'menu.retention', 'kernel.retention.read'],
  ],
};
const supplier: Group = {
  key: 'menu.supplier',
  items: [
    [paths.resources, 'menu.resources', 'registry.resource.read'],
    [paths.imports, 'menu.imports', 'delivery.import.read'],
    [paths.harvests, 'menu.harvest', 'catalogue.harvest.read'],
    [paths.rights, 'menu.rights'],
    [paths.ownProducts, 'menu.ownProducts', 'catalogue.product.read'],
    [paths.reports, 'menu.reports'],
    [paths.listings, 'menu.listings'],
    [paths.traces, 'menu.traces', 'delivery.trace'],
  ],
};
const trade: Group = {
  key: 'menu.trade',
  items: [
    [paths.goods, 'menu.goods', 'nodes.purchase.read'],
    [paths.scenarios, 'menu.scenarios'],
    [paths.enquiries, 'menu.enquiries'],
    [paths.orders, 'menu.orders'],
    [paths.contracts, 'menu.contracts'],
    [paths.computations, 'menu.computations', 'compute.contract.read'],
    [paths.grants, 'menu.grants'],
    [paths.pushes, 'menu.pushes', 'delivery.push.read'],
    [paths.usage, 'menu.usage', 'metering.usage.read'],
    [paths.filings, 'menu.filings'],
  ],
};
const money: Group = {
  key: 'menu.money',
  items: [
    [paths.account, 'menu.account', 'settlement.account.read'],
    [paths.statements, 'menu.statements', 'settlement.account.read'],
    [paths.invoices, 'menu.invoices', 'settlement.account.read'],
    [paths.credits, 'menu.credits', 'settlement.account.read'],
  ],
};
const body: Group = { key: 'menu.body', items: [[paths.reports, 'menu.reports']] };
const registrar: Group = {
  key: 'menu.registrar',
  items: [
    [paths.rights, 'menu.rightsRegistered'],
    [paths.recognitions, 'menu.recognitions', 'nodes.recognition.read'],
  ],
};
const regulator: Group = {
  key: 'menu.regulator',
  items: [
    [paths.supervision, 'menu.supervision', 'supervision.market.read'],
    [paths.risks, 'menu.risks', 'supervision.risk.read'],
    [paths.ledger, 'menu.ledger', 'supervision.directive.read'],
    [paths.statistics, 'menu.statistics', 'supervision.market.read'],
    [paths.retention, 'menu.retention', 'kernel.retention.read'],
    [paths.members, 'menu.members'],
    [paths.orders, 'menu.ordersAll', 'market.order.supervise'],
    [paths.contracts, 'menu.contractsAll', 'agreements.contract.supervise'],
    [paths.computations, 'menu.computations', 'compute.contract.supervise'],
  ],
};

const house: Group = {
  key: 'menu.house',
  items: [
    [paths.papers, 'menu.papers'],
    [paths.inbox, 'menu.inbox'],
    [paths.jobs, 'menu.jobs'],
    [paths.directives, 'menu.directives'],
    [paths.organisation, 'menu.organisation'],
    [paths.people, 'menu.people', 'members.person.read'],
    [paths.connector, 'menu.connector', 'federation.read'],
    [paths.apiKeys, 'menu.apiKeys', 'members.key.read'],
    [paths.audit, 'menu.audit', 'members.audit.read'],
  ],
};

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
    house,
  ]
    .map(({ key, items }) => ({ key, items: items.filter(([, , permission]) => !permission || may(me, permission)) }))
    .filter(({ items }) => items.length);
};
