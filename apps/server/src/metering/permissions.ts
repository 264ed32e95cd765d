import type { PermissionTable } from '../kernel/http/principal.ts';

const traders = ['resourceProvider', 'productSupplier', 'dataMerchant', 'demander'];

export const permissions: PermissionTable = {
  'metering.usage.read': {
    title: { zh: '查看本单位用量与余量', en: 'See the organisation’s usage and balances' },
    roles: traders,
    seats: ['administrator', 'trader', 'finance', 'steward', 'developer'],
  },
  'metering.receipt.read': {
    title: { zh: '查看使用回执', en: 'See receipts of uses' },
    roles: traders,
    seats: ['administrator', 'trader', 'finance', 'steward', 'developer'],
  },
  'metering.feed.keep': {
    title: { zh: '订阅、重放、取消用量推送', en: 'Have usage pushed to a webhook' },
    roles: traders,
    seats: ['administrator', 'developer'],
  },
  'metering.usage.overview': {
    title: { zh: '查看全市场用量汇总', en: 'See the market’s usage added up' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'settlement', 'settlementApprover', 'service', 'officer', 'administrator'],
  },
  'metering.correction.propose': {
    title: { zh: '提出用量更正', en: 'Propose corrections of usage' },
    roles: ['operator'],
    seats: ['settlement', 'service'],
  },
  'metering.correction.decide': {
    title: { zh: '复核用量更正', en: 'Decide on corrections of usage' },
    roles: ['operator'],
    seats: ['settlementApprover', 'approver'],
  },
};
