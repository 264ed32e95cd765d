/** What can stand in the way of harvesting: answers of routes, and kept with a run for whoever looks at it. */
import { GatewayProblem } from '@shugu/gateway';
import { defineProblems, Problem } from '../../kernel/problem.ts';

export const problems = defineProblems('catalogue', {
  sourceAddressRefused: {
    status: 422,
    title: { zh: '不允许访问该来源地址', en: 'That source may not be connected to' },
    next: {
      zh: '使用公网地址，或请运营方放行该内网地址（SHUGU_PRIVATE_SOURCES）',
      en: 'Use a public address, or ask the operator to open the private one (SHUGU_PRIVATE_SOURCES)',
    },
  },
  // Status 502: another try of the job may do.
  sourceUnreachable: {
    status: 502,
    title: { zh: '来源无法连接、连接中断或繁忙', en: 'The source cannot be reached, broke off, or is busy' },
    next: { zh: '检查地址；稍后会自动再试', en: 'Look at the address; it is tried again by itself' },
  },
  sourceAnswered: {
    status: 422,
    title: { zh: '来源拒绝了请求', en: 'The source refused the request' },
    next: { zh: '核对地址与类型，或联系来源方', en: 'Check address and kind, or ask whoever runs the source' },
  },
  sourceNotJson: {
    status: 422,
    title: { zh: '来源的回答不是 JSON', en: 'The source’s answer is no JSON' },
    next: {
      zh: 'CKAN 填站点地址（不含 /api）；DCAT 填 JSON-LD 文件地址',
      en: 'For CKAN give the site’s address (without /api), for DCAT that of the JSON-LD document',
    },
  },
  sourceShape: {
    status: 422,
    title: { zh: '来源的回答不符合该类型目录的格式', en: 'The source’s answer is not what such a catalogue says' },
    next: { zh: '核对来源类型，或联系来源方', en: 'Check the kind of the source, or ask whoever runs it' },
  },
  sourcePagesRepeat: {
    status: 422,
    title: { zh: '来源的分页循环，没有尽头', en: 'The source’s pages go round in a circle' },
    next: { zh: '联系来源方；已读取的条目保留', en: 'Ask whoever runs the source; what was read stays' },
  },
  sourceTooLarge: {
    status: 422,
    title: { zh: '来源超过一次采集的上限', en: 'The source has more than one run may read' },
    next: { zh: '改用分页的地址，或只采集其中一部分', en: 'Use an address with pages, or harvest a part of it' },
  },
  sourceTooSlow: {
    status: 422,
    title: { zh: '采集超过限定时间', en: 'Harvesting took longer than it may' },
    next: { zh: '避开来源繁忙时段再试', en: 'Try again at a quieter hour of the source' },
  },
  harvestInterrupted: {
    status: 422,
    title: { zh: '采集被中断', en: 'The run was interrupted' },
    next: { zh: '再采集一次；仍不成功请联系运营方', en: 'Harvest again; ask the operator if that does not help' },
  },
  sourcesFull: {
    status: 409,
    title: { zh: '采集源数量达到上限', en: 'There are as many sources as there may be' },
    next: { zh: '先移除不用的采集源', en: 'Remove those that are not used' },
  },
  harvestRunning: {
    status: 409,
    title: { zh: '该来源正在采集', en: 'The source is being harvested' },
    next: { zh: '等待完成，或先停止', en: 'Wait for it, or stop it first' },
  },
  harvestEnded: {
    status: 409,
    title: { zh: '该次采集已结束', en: 'The run has ended' },
    next: { zh: '如仍需要，请再采集一次', en: 'Harvest again if it is still needed' },
  },
});

/** Whatever went wrong between us and the source. */
export const problemOf = (error: unknown): Problem => {
  if (error instanceof Problem) return error;
  if (error instanceof GatewayProblem) return problems.sourceAddressRefused();
  const { code, name, message } = error as Error & { code?: string };
  if (name === 'TimeoutError')
    return problems.sourceUnreachable({ detail: { zh: '没有及时回答', en: 'no answer in time' } });
  return problems.sourceUnreachable({ detail: (code ?? message ?? 'unknown').slice(0, 200) });
};
