import type { PermissionTable } from '../kernel/http/principal.ts';

const traders = ['resourceProvider', 'productSupplier', 'dataMerchant', 'demander'];

export const permissions: PermissionTable = {
  'federation.read': {
    title: { zh: '查看本单位连接器及其协商、传输', en: 'See the organisation’s connector, negotiations and transfers' },
    roles: traders,
    seats: ['administrator', 'trader', 'finance', 'steward', 'developer'],
  },
  'federation.write': {
    title: { zh: '开通连接器、设置规则并回应对方', en: 'Open the connector, set its rules, answer counter-parties' },
    roles: traders,
    seats: ['administrator', 'trader'],
  },
  'federation.claims.manage': {
    title: { zh: '更换本单位 DID 密钥并申请凭证', en: 'Rotate the key of the organisation’s DID, ask for credentials' },
    roles: traders,
    seats: ['administrator'],
  },
  'federation.plane.write': {
    title: { zh: '登记和注销本单位的数据面', en: 'Register and remove data planes of the organisation' },
    roles: traders,
    seats: ['administrator'],
  },
  'federation.issuer.read': {
    title: { zh: '查看受信任的凭证签发方', en: 'See whose credentials of membership are trusted' },
    roles: ['operator'],
    seats: ['systemAdministrator', 'reviewer', 'approver', 'service'],
  },
  'federation.issuer.write': {
    title: { zh: '更换本节点签发凭证的密钥', en: 'Rotate the key by which the node issues credentials' },
    roles: ['operator'],
    seats: ['systemAdministrator'],
  },
};
