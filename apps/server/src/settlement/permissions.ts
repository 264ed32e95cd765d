import type { PermissionTable } from '../kernel/http/principal.ts';

const members = [
  'resourceProvider',
  'technicalServiceProvider',
  'productSupplier',
  'demander',
  'dataMerchant',
  'serviceBody',
];

export const permissions: PermissionTable = {
  'settlement.account.read': {
    title: { zh: '查看本单位资金账户与结算单', en: 'See the organisation’s sub-account and statements' },
    roles: [...members, 'operator', 'registrar', 'regulator'],
    seats: ['finance', 'administrator', 'trader', 'settlement', 'settlementApprover', 'auditAdministrator', 'officer'],
  },
  'settlement.account.open': {
    title: { zh: '开立存管子账户', en: 'Open a sub-account at the custodian bank' },
    roles: [...members, 'operator', 'registrar'],
    seats: ['finance', 'administrator', 'settlement'],
  },
  'settlement.bill.confirm': {
    title: { zh: '核对账单、付款与凭证', en: 'Agree on bills, pay and prove payment' },
    roles: members,
    seats: ['finance'],
  },
  'settlement.invoice.write': {
    title: { zh: '登记发票', en: 'Record invoices' },
    roles: [...members, 'operator'],
    seats: ['finance', 'settlement'],
  },
  'settlement.payout.request': {
    title: { zh: '申请出金', en: 'Ask for a payout' },
    roles: [...members, 'operator'],
    seats: ['finance', 'settlement'],
  },
  'settlement.desk.read': {
    title: { zh: '查看清结算中心', en: 'See the settlement desk' },
    roles: ['operator', 'regulator'],
    seats: ['settlement', 'settlementApprover', 'auditAdministrator', 'officer'],
  },
  'settlement.desk.propose': {
    title: { zh: '清结算经办', en: 'Work at the settlement desk' },
    roles: ['operator'],
    seats: ['settlement'],
  },
  'settlement.desk.approve': {
    title: { zh: '清结算复核', en: 'Approve at the settlement desk' },
    roles: ['operator'],
    seats: ['settlementApprover'],
  },
};
