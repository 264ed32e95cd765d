import type { PermissionTable } from '../kernel/http/principal.ts';

const suppliers = ['resourceProvider', 'productSupplier', 'dataMerchant'];
const buyers = ['resourceProvider', 'productSupplier', 'dataMerchant', 'demander'];

/** Applying, reviewing and assessing come with the procedures of the operator's rule pack. */
export const permissions: PermissionTable = {
  'market.listing.supervise': {
    title: { zh: '暂停与恢复上架', en: 'Suspend and resume listings' },
    roles: ['operator'],
    seats: ['reviewer', 'approver'],
  },
  'market.order.deliver': {
    title: { zh: '提交交付', en: 'Report delivery' },
    roles: suppliers,
    seats: ['trader', 'steward', 'developer'],
  },
  'market.order.accept': {
    title: { zh: '验收', en: 'Accept deliveries' },
    roles: buyers,
    seats: ['trader', 'developer'],
  },
  'market.order.decide': {
    title: { zh: '决定未了订单的款项', en: 'Decide about the money of orders left open' },
    roles: ['operator'],
    seats: ['reviewer', 'approver'],
  },
  'market.order.supervise': {
    title: { zh: '查看全部订单与上架', en: 'See every order and listing' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'settlement', 'service', 'officer', 'supervisor'],
  },
  'market.demand.write': {
    title: { zh: '发布需求与选定报价', en: 'Publish demands and choose quotations' },
    roles: buyers,
    seats: ['trader'],
  },
  'market.quotation.write': {
    title: { zh: '报价', en: 'Give quotations' },
    roles: suppliers,
    seats: ['trader'],
  },
  'market.enquiry.write': {
    title: { zh: '询问与回复', en: 'Ask and answer' },
    roles: buyers,
    seats: ['trader', 'steward', 'developer'],
  },
  'market.trial.request': {
    title: { zh: '申请试用', en: 'Try products' },
    roles: buyers,
    seats: ['trader', 'developer'],
  },
};
