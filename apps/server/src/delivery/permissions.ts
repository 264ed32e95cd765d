import type { PermissionTable } from '../kernel/http/principal.ts';

const supplierSide = ['resourceProvider', 'productSupplier', 'dataMerchant'];
const traders = [...supplierSide, 'demander'];

export const permissions: PermissionTable = {
  'delivery.endpoint.write': {
    title: { zh: '配置交付方式', en: 'Set how versions are delivered' },
    roles: supplierSide,
    seats: ['trader', 'steward', 'developer'],
  },
  'delivery.grant.read': {
    title: { zh: '查看本单位使用授权', en: 'See the organisation’s grants' },
    roles: traders,
    seats: ['administrator', 'trader', 'finance', 'steward', 'developer'],
  },
  'delivery.grant.supervise': {
    title: { zh: '查看全部使用授权', en: 'See every grant' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'service', 'officer', 'administrator'],
  },
  'delivery.key.write': {
    title: { zh: '管理授权密钥与下载地址', en: 'Manage keys and addresses of grants' },
    roles: traders,
    seats: ['administrator', 'trader', 'developer'],
  },
  'delivery.trace': {
    title: { zh: '为泄露的文件溯源', en: 'Trace leaked files' },
    roles: [...supplierSide, 'operator'],
    seats: ['trader', 'steward', 'reviewer', 'approver', 'service'],
  },
  'delivery.push.read': {
    title: { zh: '查看本单位推送交付', en: 'See the organisation’s pushes' },
    roles: traders,
    seats: ['administrator', 'trader', 'finance', 'steward', 'developer'],
  },
  'delivery.push.write': {
    title: { zh: '管理推送目的地与推送交付', en: 'Manage destinations and pushes' },
    roles: traders,
    seats: ['administrator', 'trader', 'developer'],
  },
  'delivery.import.read': {
    title: { zh: '查看本单位数据库连接与导入', en: 'See the organisation’s databases and imports' },
    roles: supplierSide,
    seats: ['administrator', 'trader', 'steward', 'developer'],
  },
  'delivery.import.write': {
    title: { zh: '管理数据库连接并导入数据', en: 'Manage databases and import from them' },
    roles: supplierSide,
    seats: ['trader', 'steward', 'developer'],
  },
  'delivery.gateway.read': {
    title: { zh: '查看独立网关', en: 'See gateways of their own process' },
    roles: ['operator'],
    seats: ['systemAdministrator', 'securityAdministrator', 'service'],
  },
  'delivery.gateway.write': {
    title: { zh: '登记、换钥与停用独立网关', en: 'Register gateways, change their keys, revoke them' },
    roles: ['operator'],
    seats: ['systemAdministrator'],
  },
  // No organisation is a gateway: only the key that the operator issues to one has this.
  'delivery.gateway.link': {
    title: { zh: '网关控制连接', en: 'The control link of a gateway' },
    roles: ['gateway'],
    seats: ['gateway'],
  },
};
