import { defineProblems } from '../kernel/problem.ts';

export const problems = defineProblems('metering', {
  samePerson: {
    status: 409,
    title: { zh: '须由另一人复核', en: 'Another person has to decide' },
    next: { zh: '请有复核岗位的其他人员办理', en: 'Ask somebody else with the seat' },
  },
  correctionOpen: {
    status: 409,
    title: { zh: '该次使用已有未办结的更正', en: 'A correction of this use is open already' },
    next: { zh: '先办结已提出的更正', en: 'Decide on the open one first' },
  },
  correctionClosed: {
    status: 409,
    title: { zh: '该更正已办结', en: 'The correction is decided already' },
    next: { zh: '如仍有差异，另行提出更正', en: 'Propose another if something is still wrong' },
  },
  correctionEmpty: {
    status: 422,
    title: { zh: '更正数量均为零', en: 'The correction changes nothing' },
    next: { zh: '填写要增加或扣回的数量', en: 'State what is added or given back' },
  },
  belowZero: {
    status: 422,
    title: { zh: '更正后用量小于零', en: 'The use would fall below zero' },
    next: { zh: '扣回数量不得超过该次使用的记录', en: 'Give back no more than was recorded for the use' },
  },
  receiptPeriodTooLong: {
    status: 422,
    title: { zh: '回执包期间过长', en: 'The period is too long for one file of receipts' },
    next: { zh: '一个回执包最多包含 31 天，请分月下载', en: 'One file holds at most 31 days; download month by month' },
  },
  noReceipts: {
    status: 409,
    title: { zh: '该期间没有可证明的回执', en: 'There is no receipt in that period that can be proven yet' },
    next: {
      zh: '使用约一分钟后封存并记入公开日志；如刚刚使用过，请稍后再试，或另选期间',
      en: 'Uses are sealed and enter the public log about a minute later: try again soon, or choose another period',
    },
  },
  periodTooLong: {
    status: 422,
    title: { zh: '查询期间过长', en: 'The period is too long' },
    next: { zh: '缩短到 366 天以内', en: 'Ask for at most 366 days' },
  },
  hoursTooMany: {
    status: 422,
    title: { zh: '查询期间过长', en: 'The period is too long' },
    next: { zh: '按小时查询一次最多 31 天', en: 'By hour, ask for at most 31 days at a time' },
  },
  positionUnknown: {
    status: 422,
    title: { zh: '位置无法识别', en: 'The position is not one of ours' },
    next: {
      zh: '使用事件中给出的 position，或从头、从现在开始',
      en: 'Take the position of an event, or begin at the start or now',
    },
  },
  feedExists: {
    status: 409,
    title: { zh: '该接收地址已订阅这些授权的用量', en: 'The webhook already gets the usage of these grants' },
    next: { zh: '重放或先取消已有订阅', en: 'Replay the feed that is there, or remove it first' },
  },
  feedsTooMany: {
    status: 409,
    title: { zh: '用量订阅已达上限', en: 'There are as many feeds as there may be' },
    next: { zh: '先取消不再使用的订阅', en: 'Remove one that is no longer used' },
  },
  segmentRefused: {
    status: 422,
    title: { zh: '用量记录段不成立', en: 'A segment of usage records does not hold' },
    next: { zh: '请查看网关日志；原记录不得改动', en: 'See the gateway’s log; what was recorded must not be changed' },
  },
});
