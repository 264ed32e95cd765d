import { defineProblems } from '../kernel/problem.ts';

export const problems = defineProblems('federation', {
  connectorClosed: {
    status: 409,
    title: { zh: '本单位的连接器未开通', en: 'The organisation’s connector is not open' },
    next: { zh: '先开通连接器', en: 'Open it first' },
  },
  addressRefused: {
    status: 422,
    title: { zh: '不允许连接到该地址', en: 'That address may not be connected to' },
    next: {
      zh: '使用公网 https 地址，不含账号、锚点；内网地址须由运营方放行',
      en: 'Use a public https address without credentials or fragment; the operator can open private ones',
    },
  },
  datasetUnknown: {
    status: 422,
    title: { zh: '本单位目录中没有该数据集', en: 'The organisation’s catalogue has no such data set' },
    next: { zh: '先将产品上架', en: 'List the product first' },
  },
  agreementUnknown: {
    status: 422,
    title: { zh: '没有可据以请求传输的有效协议', en: 'There is no agreement in force to ask by' },
    next: { zh: '先完成协商', en: 'Conclude a negotiation first' },
  },
  notNow: {
    status: 409,
    title: { zh: '当前状态下不能这样回应', en: 'That cannot be answered in this state' },
    next: { zh: '从 acts 所列的动作中选择', en: 'Choose one of its acts' },
  },
  underWay: {
    status: 409,
    title: { zh: '上一条消息正在发送', en: 'The last message is still being sent' },
    next: { zh: '等待对方应答后再试', en: 'Wait for its answer, then try again' },
  },
  providerAway: {
    status: 502,
    title: { zh: '对方连接器没有正确答复', en: 'The other connector did not answer as it should' },
    next: { zh: '稍后再试', en: 'Try again later' },
  },
  requestsFull: {
    status: 409,
    title: { zh: '未办结的凭证申请过多', en: 'Too many requests for credentials are open' },
    next: { zh: '等待签发方答复后再申请', en: 'Wait for issuers to answer, then ask again' },
  },
  planesFull: {
    status: 409,
    title: { zh: '登记的数据面过多', en: 'Too many data planes are registered' },
    next: { zh: '先注销不用的数据面', en: 'Remove those that are not used' },
  },
  profileTaken: {
    status: 422,
    title: { zh: '该类型的传输已由另一数据面承担', en: 'Another data plane takes transfers of that type' },
    next: { zh: '去掉该类型，或先从另一数据面移除', en: 'Leave the type out, or take it from the other first' },
  },
  planeBusy: {
    status: 409,
    title: { zh: '该数据面尚有未结束的传输', en: 'Transfers of that data plane are not over' },
    next: { zh: '先终止这些传输', en: 'Terminate them first' },
  },
});
