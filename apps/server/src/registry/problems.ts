import { defineProblems } from '../kernel/problem.ts';

export const registryProblems = defineProblems('registry', {
  retired: {
    status: 409,
    title: { zh: '数据资源已停用', en: 'The resource is retired' },
    next: { zh: '另行登记新的数据资源', en: 'Enter a new resource' },
  },
  registered: {
    status: 409,
    title: { zh: '资源上仍有有效的登记权利', en: 'Rights are still registered on the resource' },
    next: { zh: '先办理注销登记', en: 'Cancel the registration first' },
  },
  caseOpen: {
    status: 409,
    title: { zh: '该对象已有办理中的同类登记', en: 'A registration of this kind is already under way' },
    next: { zh: '在原办件中补充，或撤回后重新提交', en: 'Continue that case, or withdraw it first' },
  },
  format: {
    status: 400,
    title: { zh: '不支持的文件格式', en: 'This format of file cannot be read' },
    next: { zh: '请上传 csv、tsv、xlsx、ndjson 或 parquet 文件', en: 'Upload csv, tsv, xlsx, ndjson or parquet' },
  },
  uploadsOpen: {
    status: 409,
    title: { zh: '未完成的上传过多', en: 'Too many unfinished uploads' },
    next: { zh: '完成已有上传，或等待其过期', en: 'Finish those you began, or let them expire' },
  },
  uploadEnded: {
    status: 409,
    title: { zh: '上传已结束', en: 'The upload has ended' },
    next: { zh: '如需更换文件，请重新发起上传', en: 'Begin a new upload for another file' },
  },
  uploadBusy: {
    status: 409,
    title: { zh: '该上传正在接收另一段', en: 'Another part of this upload is arriving' },
    next: { zh: '等待前一段完成后继续', en: 'Wait until it is through' },
  },
  offset: {
    status: 409,
    title: { zh: '续传位置不符', en: 'The part does not begin where the last one ended' },
    next: { zh: '从 detail 给出的位置继续上传', en: 'Continue from the offset in detail' },
  },
  partEmpty: {
    status: 400,
    title: { zh: '该段没有内容', en: 'The part is empty' },
    next: { zh: '上传至少一个字节', en: 'Send at least one byte' },
  },
  incomplete: {
    status: 409,
    title: { zh: '文件尚未传完', en: 'The file is not complete' },
    next: { zh: '从 detail 给出的位置继续上传', en: 'Continue from the offset in detail' },
  },
  digestDiffers: {
    status: 409,
    title: { zh: '文件摘要与申报不符', en: 'The file is not the one announced' },
    next: { zh: '核对文件后重新上传', en: 'Check the file and upload it again' },
  },
  notProfiled: {
    status: 409,
    title: { zh: '数据资源尚未解析完成', en: 'The resource has not been read yet' },
    next: { zh: '上传文件并等待解析完成', en: 'Upload its file and wait until it is read' },
  },
  applicationUnfit: {
    status: 400,
    title: { zh: '登记申请前后不一致', en: 'The application does not agree with itself' },
    next: { zh: '按 errors 逐项修改', en: 'Correct what errors lists' },
  },
  notRegistrar: {
    status: 400,
    title: { zh: '受理机构不是登记机构', en: 'This organisation is no registrar' },
    next: { zh: '选择登记机构', en: 'Choose a registrar' },
  },
  certificateUnfit: {
    status: 409,
    title: { zh: '登记凭证不适用于该申请', en: 'The certificate does not fit this application' },
    next: { zh: '核对凭证编码、状态与权利人', en: 'Check the code, its state and its holders' },
  },
  windowClosed: {
    status: 409,
    title: { zh: '不在续期申请期间', en: 'Renewal is not open now' },
    next: {
      zh: '续期须在有效期届满前六个月至前一日提出',
      en: 'Renewal is asked for from six months to one day before expiry',
    },
  },
  evidenceUnfit: {
    status: 400,
    title: { zh: '存证日期不合理', en: 'The day of the evidence is impossible' },
    next: { zh: '填写国家系统给出的存证日期', en: 'Enter the day that the national system gave' },
  },
  codeMissing: {
    status: 409,
    title: { zh: '登记凭证编码尚未取得', en: 'The certificate code is not here yet' },
    next: { zh: '稍候再颁发；编码由国家系统给出', en: 'Issue it a little later; the national system gives the code' },
  },
  codesExhausted: {
    status: 409,
    title: { zh: '本月登记编码已用完', en: 'This month’s codes are used up' },
    next: { zh: '下月重试取号任务', en: 'Retry the job next month' },
  },
  rightEnded: {
    status: 409,
    title: { zh: '该权利已不在有效状态', en: 'This right is no longer in force' },
    next: { zh: '查看权利的当前状态', en: 'Look at the right’s present state' },
  },
  remarkLifted: {
    status: 409,
    title: { zh: '备注已解除', en: 'The remark is already lifted' },
    next: { zh: '如需再次记载，请新增备注', en: 'Record a new one if it is needed again' },
  },
  remarksFull: {
    status: 409,
    title: { zh: '该权利上的备注已达上限', en: 'There are as many remarks as a right may carry' },
    next: { zh: '先解除不再需要的备注', en: 'Lift those no longer needed' },
  },
  samePerson: {
    status: 409,
    title: { zh: '提出与复核不得为同一人', en: 'One person never does both reviews' },
    next: { zh: '请另一位审核人员复核', en: 'Another reviewer confirms' },
  },
  noProposal: {
    status: 409,
    title: { zh: '没有待复核的注销', en: 'There is no cancellation to confirm' },
    next: { zh: '先提出依职权注销', en: 'Propose it first' },
  },
  alreadyProposed: {
    status: 409,
    title: { zh: '已有待复核的注销', en: 'A cancellation is already proposed' },
    next: { zh: '请另一位审核人员复核', en: 'Another reviewer confirms it' },
  },
  inspectionAnswered: {
    status: 409,
    title: { zh: '该查阅申请已答复', en: 'This inspection is already answered' },
    next: { zh: '如需查阅，请重新申请', en: 'Ask again if needed' },
  },
});
