/** Why a computation was refused or broke off, with a title in Chinese; the text behind it is the party's own, in English. */
import { ComputeError, type ComputeFault } from '@shugu/private-compute';
import type { Context } from '../command.ts';

const titles: Partial<Record<ComputeFault, string>> = {
  'compute.query': '不支持这样的查询',
  'compute.overflow': '数值可能溢出，未作计算',
  'compute.input': '表不能使用',
  'compute.inputChanged': '表在使用期间被改动，未给出结果',
  'compute.sizeCap': '数量超过约定的上限',
  'compute.tooFew': '相同标识少于约定的数量，未给出结果',
  'compute.unplaced': '标识未能全部安置（概率极小），请重新运行',
  'compute.peerGone': '有一方中途离开，未给出结果',
  'compute.peerSilent': '有一方没有应答，未给出结果',
  'compute.peerMalformed': '有一方的消息不合协议，未给出结果',
  'compute.peerUnproven': '有一方不能证明身份',
  'compute.termsDiffer': '各方约定不一致',
  'compute.engineDiffers': '双方引擎版本不一致',
  'compute.engineFailed': '引擎未能完成，未给出结果',
  'compute.keyDiffers': '双方密钥不一致，中间有人改动',
};

export const reasonIn = (error: unknown, language: Context['language']): unknown => {
  const title = language === 'zh' && error instanceof ComputeError ? titles[error.code] : undefined;
  return title ? new Error(`${title}（${(error as Error).message}）`) : error;
};
