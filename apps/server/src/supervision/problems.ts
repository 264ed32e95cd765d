import { defineProblems } from '../kernel/problem.ts';

export const problems = defineProblems('supervision', {
  samePerson: {
    status: 409,
    title: { zh: '须由另一人复核', en: 'Another person must confirm' },
    next: { zh: '请另一位有复核权限的人员办理', en: 'Ask another person who may confirm' },
  },
  wrongState: {
    status: 409,
    title: { zh: '当前状态不能办理此步骤', en: 'This step is not open in the present state' },
    next: { zh: '刷新后查看最新状态', en: 'Reload and look at the present state' },
  },
  confirmLate: {
    status: 409,
    title: { zh: '已超过复核期限，紧急冻结已失效', en: 'The time to confirm is over; the emergency freeze has lapsed' },
    next: { zh: '如仍有必要，另行下达监管指令', en: 'Issue another directive if it is still needed' },
  },
  targetUnfit: {
    status: 422,
    title: { zh: '该措施不适用于此对象', en: 'This measure does not fit the target' },
    next: {
      zh: '暂停上架用于上架、产品或会员；冻结不用于运营方、登记机构与主管部门',
      en: 'Listings of a listing, product or member are suspended; operator, registrar and regulator are never frozen',
    },
  },
  alreadySuspended: {
    status: 409,
    title: { zh: '该对象已有暂停使用的提议或决定', en: 'A suspension of this object is proposed or in force' },
    next: { zh: '先办结已有的一件', en: 'Finish that one first' },
  },
  holdForeign: {
    status: 409,
    title: { zh: '此封存由其他机关作出', en: 'Another authority ordered this hold' },
    next: { zh: '由作出封存的单位复核与解除', en: 'Who ordered it confirms and lifts it' },
  },
  stepsFull: {
    status: 409,
    title: { zh: '处置记录已达上限', en: 'No more steps on this warning' },
    next: { zh: '另行下达监管指令或登记任务', en: 'Issue a directive or enter a task' },
  },
  monthsUnfit: {
    status: 422,
    title: { zh: '统计期不合要求', en: 'This period cannot be counted' },
    next: {
      zh: '起始月份不晚于截止月份，且不超过 36 个月',
      en: 'From is not after until, and the period is at most 36 months',
    },
  },
  answersFull: {
    status: 409,
    title: { zh: '反馈次数已达上限', en: 'No more answers to this directive' },
    next: { zh: '直接与主管部门联系', en: 'Turn to the regulator directly' },
  },
});
