import type { PermissionTable } from '../kernel/http/principal.ts';

const supplierSide = ['resourceProvider', 'productSupplier', 'dataMerchant'];
const traders = [...supplierSide, 'demander'];

export const permissions: PermissionTable = {
  'agreements.offer.write': {
    title: { zh: '形成与撤回要约', en: 'Make and withdraw offers' },
    roles: supplierSide,
    seats: ['trader'],
  },
  'agreements.contract.read': {
    title: { zh: '查看本单位合同', en: 'See the organisation’s contracts' },
    roles: traders,
    seats: ['administrator', 'trader', 'finance', 'steward', 'developer'],
  },
  'agreements.contract.negotiate': {
    title: { zh: '磋商与确认合同条款', en: 'Negotiate and confirm terms' },
    roles: traders,
    seats: ['trader'],
  },
  'agreements.contract.sign': {
    title: { zh: '签署合同', en: 'Sign contracts' },
    roles: traders,
    seats: ['trader', 'administrator'],
  },
  'agreements.contract.terminate': {
    title: { zh: '提出与同意协议解除', en: 'Propose and accept an agreed end' },
    roles: traders,
    seats: ['trader', 'administrator'],
  },
  'agreements.contract.supervise': {
    title: { zh: '查看全部合同', en: 'See every contract' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'settlement', 'officer'],
  },
  'agreements.termination.force': {
    title: { zh: '提出强制终止合同', en: 'Propose a forced end' },
    roles: ['operator'],
    seats: ['reviewer'],
  },
  'agreements.termination.confirm': {
    title: { zh: '复核强制终止合同', en: 'Decide on a forced end' },
    roles: ['operator'],
    seats: ['approver'],
  },
  'agreements.template.write': {
    title: { zh: '起草合同模板', en: 'Draft contract templates' },
    roles: ['operator'],
    seats: ['reviewer', 'service'],
  },
  'agreements.template.enable': {
    title: { zh: '启用与停用合同模板', en: 'Enable and retire contract templates' },
    roles: ['operator'],
    seats: ['approver'],
  },
};
