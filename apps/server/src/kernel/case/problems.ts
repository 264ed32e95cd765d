import { defineProblems } from '../problem.ts';

export const caseProblems = defineProblems('cases', {
  retained: {
    status: 409,
    title: {
      zh: '办件未办结或保存期未满，个人信息不能删除',
      en: 'A case is open or must still be kept, so this cannot be erased',
    },
    next: { zh: '待 detail 所列日期之后再办理', en: 'Come back after the day that the detail names' },
  },
  procedureUnknown: {
    status: 404,
    title: { zh: '没有这一办事事项', en: 'There is no such procedure' },
    next: { zh: '从办事事项列表中选择', en: 'Choose one from the list of procedures' },
  },
  procedureClosed: {
    status: 409,
    title: { zh: '本系统未开办该事项', en: 'This node does not offer this procedure' },
    next: {
      zh: '从办事事项列表中选择，或到开办该事项的机构办理',
      en: 'Choose one from the list, or go to a node that offers it',
    },
  },
  handlerUnfit: {
    status: 409,
    title: { zh: '该机构不能办理此事项', en: 'This organisation cannot handle this procedure' },
    next: { zh: '选择具有相应职责的机构', en: 'Choose an organisation of the required kind' },
  },
  ownCase: {
    status: 409,
    title: { zh: '不得自行办理本单位的申请', en: 'An organisation does not handle its own application' },
    next: { zh: '请向另一家机构提出', en: 'File it with another organisation' },
  },
  stepNotLogged: {
    status: 404,
    title: { zh: '该步骤没有可出具的存证', en: 'There is no proof of this step' },
    next: { zh: '在办理过程中选择标有存证的步骤', en: 'Choose a step that the timeline marks as logged' },
  },
  moveUnknown: {
    status: 400,
    title: { zh: '该事项没有这一步骤', en: 'This procedure has no such step' },
    next: { zh: '从办件页面列出的步骤中选择', en: 'Choose one of the steps listed with the case' },
  },
  notNow: {
    status: 409,
    title: { zh: '当前状态下不能办理这一步骤', en: 'This step is not possible in the present state' },
    next: { zh: '刷新后查看当前状态和下一步', en: 'Reload and see the present state and what comes next' },
  },
  samePerson: {
    status: 409,
    title: { zh: '须由另一人办理', en: 'Another person must take this step' },
    next: { zh: '请由未参与前一环节的人员办理', en: 'Have a colleague do it who did not take the earlier step' },
  },
  timesUsedUp: {
    status: 409,
    title: { zh: '该步骤的次数已用完', en: 'This step cannot be taken again' },
    next: { zh: '所缺内容须一次性告知；请选择其他步骤', en: 'Gaps are told once and in full; take another step' },
  },
  paperMissing: {
    status: 409,
    title: { zh: '缺少必需的材料', en: 'A required paper is missing' },
    next: { zh: '上传 errors 中列出的材料后再提交', en: 'Attach the papers listed in errors, then try again' },
  },
  extensionUsedUp: {
    status: 409,
    title: { zh: '延长期限已达上限', en: 'The limit cannot be extended that far' },
    next: { zh: '减少延长天数，或在期限内办结', en: 'Ask for fewer days, or finish within the limit' },
  },
  guarded: {
    status: 409,
    title: { zh: '前提条件尚未满足', en: 'A precondition is not met' },
    next: { zh: '按 detail 的说明处理后重试', en: 'Do what detail says, then try again' },
  },
  limitReached: {
    status: 409,
    title: { zh: '已达到办件的数量上限', en: 'A limit of this case is reached' },
    next: { zh: '办结本件，或另行提出', en: 'Finish this case, or file another' },
  },
  paperUnknown: {
    status: 400,
    title: { zh: '该事项不收这类材料', en: 'This procedure takes no such paper' },
    next: { zh: '从事项的材料清单中选择', en: 'Choose a kind from the procedure’s list of papers' },
  },
});
