import type { PermissionTable } from '../kernel/http/principal.ts';

export const permissions: PermissionTable = {
  'supervision.market.read': {
    title: { zh: '监管驾驶舱、超期与溯源', en: 'See the whole market, overdue cases and traces' },
    roles: ['regulator'],
    seats: ['officer', 'administrator'],
  },
  'supervision.risk.read': {
    title: { zh: '查看风险预警', en: 'See risk warnings' },
    roles: ['regulator'],
    seats: ['officer', 'administrator'],
  },
  'supervision.risk.handle': {
    title: { zh: '处置风险预警', en: 'Deal with risk warnings' },
    roles: ['regulator'],
    seats: ['officer'],
  },
  'supervision.task.manage': {
    title: { zh: '登记与办结监管任务', en: 'Enter and finish tasks of the regulator' },
    roles: ['regulator'],
    seats: ['officer'],
  },
  'supervision.directive.read': {
    title: { zh: '查看全部监管指令', en: 'See every directive' },
    roles: ['regulator'],
    seats: ['officer', 'administrator'],
  },
  'supervision.directive.issue': {
    title: { zh: '下达监管指令', en: 'Issue directives' },
    roles: ['regulator'],
    seats: ['officer'],
  },
  'supervision.directive.confirm': {
    title: { zh: '复核监管指令', en: 'Confirm directives' },
    roles: ['regulator'],
    seats: ['officer', 'administrator'],
  },
  'supervision.directive.follow': {
    title: { zh: '执行并反馈监管指令', en: 'Follow and answer directives as the operator' },
    roles: ['operator'],
    seats: ['reviewer', 'approver', 'service'],
  },
  'supervision.suspension.read': {
    title: { zh: '查看暂停使用', en: 'See suspensions' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'service', 'officer', 'administrator'],
  },
  'supervision.suspension.propose': {
    title: { zh: '提出暂停使用', en: 'Propose to stop use' },
    roles: ['operator'],
    seats: ['reviewer', 'approver', 'service'],
  },
  'supervision.suspension.confirm': {
    title: { zh: '复核与解除暂停使用', en: 'Confirm and lift suspensions' },
    roles: ['operator'],
    seats: ['approver'],
  },
  'supervision.legalHold.read': {
    title: { zh: '查看全部封存', en: 'See every legal hold' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'service', 'officer', 'administrator'],
  },
  'supervision.legalHold.propose': {
    title: { zh: '提出封存与解除', en: 'Propose legal holds and their lifting' },
    roles: ['operator', 'regulator'],
    seats: ['reviewer', 'approver', 'officer'],
  },
  'supervision.legalHold.confirm': {
    title: { zh: '复核封存与解除', en: 'Confirm legal holds and their lifting' },
    roles: ['operator', 'regulator'],
    seats: ['approver', 'officer', 'administrator'],
  },
};
