import { defineProblems } from '../problem.ts';

export const problems = defineProblems('notify', {
  addressRefused: {
    status: 422,
    title: { zh: '该接收地址不允许使用', en: 'This address is not permitted' },
    next: {
      zh: '使用公网 https 地址；内网地址须由运营方放行',
      en: 'Use a public https address; the operator must open private ones',
    },
  },
  tooMany: {
    status: 409,
    title: { zh: '接收地址已达上限', en: 'There are as many webhooks as there may be' },
    next: { zh: '先移除不再使用的地址', en: 'Remove one that is no longer used' },
  },
  paused: {
    status: 409,
    title: { zh: '接收地址已暂停', en: 'The webhook is paused' },
    next: { zh: '启用后再发送', en: 'Resume it first' },
  },
  stillTrying: {
    status: 409,
    title: { zh: '仍在发送中', en: 'It is still being sent' },
    next: { zh: '等待本次发送有结果', en: 'Wait for the outcome' },
  },
  refused: {
    status: 422,
    title: { zh: '对方拒收', en: 'The other side refused it' },
    next: { zh: '核对地址后重新发送', en: 'Check the address, then send again' },
  },
});
