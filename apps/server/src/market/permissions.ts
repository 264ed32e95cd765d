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
  'market.order.supervise': {
    title: { zh: '查看全部订单与上架', en: 'See every order and listing' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'settlement', 'service', 'officer', 'supervisor'],
  },
};
