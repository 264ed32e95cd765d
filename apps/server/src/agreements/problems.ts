import { defineProblems } from '../kernel/problem.ts';

export const agreementProblems = defineProblems('agreements', {
  policyInvalid: {
    status: 422,
    title: { zh: '使用控制策略无效', en: 'The use policy is not valid' },
    next: {
      zh: '按 errors 逐项修改；可先用“策略说明”核对',
      en: 'Correct each item in errors; the explain endpoint shows how it is read',
    },
  },
  policyNotEnforceable: {
    status: 422,
    title: { zh: '所选交付方式无法执行该策略', en: 'A chosen delivery path cannot enforce the policy' },
    next: { zh: '更换交付方式，或放宽该项限制', en: 'Choose another delivery path, or drop that limit' },
  },
  policyExceedsOffer: {
    status: 422,
    title: { zh: '所需用法超出要约', en: 'The use asked for exceeds the offer' },
    next: { zh: '收紧到要约范围内，或向供方询价', en: 'Stay within the offer, or ask the supplier for a quotation' },
  },
  offerClosed: {
    status: 409,
    title: { zh: '要约已撤回，或不面向本单位', en: 'The offer is withdrawn, or not made to you' },
    next: { zh: '选择其他要约或向供方询价', en: 'Choose another offer, or ask the supplier' },
  },
  deliveryUnknown: {
    status: 422,
    title: { zh: '该产品版本不提供此交付方式', en: 'The version is not delivered in that way' },
    next: { zh: '从该版本的交付方式中选择', en: 'Choose from the version’s delivery modes' },
  },
  termsInvalid: {
    status: 422,
    title: { zh: '合同条款不能写入规范文本', en: 'The terms have no canonical form' },
    next: {
      zh: '金额与小数写成字符串，去掉空值与特殊字符',
      en: 'Write decimals as strings; leave out nulls and odd characters',
    },
  },
  templateMissing: {
    status: 409,
    title: { zh: '该类合同没有启用的模板', en: 'No template of this kind is enabled' },
    next: { zh: '请运营方启用模板', en: 'Ask the operator to enable a template' },
  },
  placeholderUnknown: {
    status: 422,
    title: { zh: '模板含有未知的占位符', en: 'The template has a placeholder that is not known' },
    next: { zh: '只使用说明中列出的占位符', en: 'Use the placeholders that the guide lists' },
  },
  samePerson: {
    status: 409,
    title: { zh: '须由另一人办理', en: 'Another person has to do this' },
    next: { zh: '请同岗位的其他人员复核', en: 'Ask somebody else with the seat' },
  },
  partiesSame: {
    status: 422,
    title: { zh: '供需双方不能是同一单位', en: 'Supplier and buyer are the same organisation' },
    next: { zh: '选择其他产品', en: 'Choose another product' },
  },
  operatorIsParty: {
    status: 422,
    title: { zh: '交易所运营方不得作为供方或需方', en: 'The operator is neither supplier nor buyer' },
    next: { zh: '由会员单位作为合同一方', en: 'A member has to be the party' },
  },
  rightMissing: {
    status: 422,
    title: {
      zh: '供方对所供数据缺少经营权或权属证明',
      en: 'The supplier has neither right to operate nor proof of title',
    },
    next: {
      zh: '先登记经营权，或补充权属证明与法律意见',
      en: 'Register the right, or add proof of title with a legal opinion',
    },
  },
  basisEnded: {
    status: 409,
    title: { zh: '合同所依据的凭证或报告已失效', en: 'Something the contract stands on has ended' },
    next: { zh: '续期或更换后重新订立', en: 'Renew or replace it, then draft again' },
  },
  outlasts: {
    status: 422,
    title: { zh: '合同期限超出其依据的有效期', en: 'The contract would outlast what it stands on' },
    next: { zh: '把期限缩短到依据有效期内，或先续期', en: 'End it no later than that, or renew it first' },
  },
  termMissing: {
    status: 422,
    title: { zh: '须约定合同期限', en: 'The term has no end' },
    next: { zh: '依据没有有效期时，请写明截止时间', en: 'State the end, as nothing it stands on has one' },
  },
  termEmpty: {
    status: 422,
    title: { zh: '合同期限为空', en: 'The term is empty' },
    next: { zh: '截止时间须晚于开始时间与当前时间', en: 'It must end after it begins, and after now' },
  },
  wrongState: {
    status: 409,
    title: { zh: '合同当前状态不允许此操作', en: 'The contract’s state does not allow this' },
    next: { zh: '刷新查看当前状态和下一步', en: 'Reload: the contract says what comes next' },
  },
  notYourTurn: {
    status: 409,
    title: { zh: '等待对方回应', en: 'It is the other party’s turn' },
    next: { zh: '对方确认或还价后再操作', en: 'Wait until they confirm or make a counter-proposal' },
  },
  orderBound: {
    status: 422,
    title: {
      zh: '订单已按原价格、结算方式、税率和验收期成交，不能在合同变更中修改',
      en: 'The order was made at this price, way to settle, tax rate and time to accept: an amendment cannot change them',
    },
    next: { zh: '终止本合同后按新条件重新下单', en: 'End this contract and order anew on the new terms' },
  },
  nothingChanged: {
    status: 422,
    title: { zh: '没有改动任何条款', en: 'No term was changed' },
    next: { zh: '修改条款，或直接确认', en: 'Change a term, or confirm' },
  },
  roundsFull: {
    status: 409,
    title: { zh: '磋商次数达到上限', en: 'The negotiation has as many rounds as it may have' },
    next: { zh: '确认或拒绝当前条款', en: 'Confirm or refuse the present terms' },
  },
  staleRound: {
    status: 409,
    title: { zh: '对方已提出新的条款', en: 'The other party has proposed new terms' },
    next: { zh: '刷新查看最新条款', en: 'Reload and read the newest terms' },
  },
  hashDiffers: {
    status: 409,
    title: { zh: '所读文本与待签文本不一致', en: 'What you read is not what is to be signed' },
    next: { zh: '重新下载合同文本核对后签署', en: 'Fetch the document again, read it and sign' },
  },
  alreadySigned: {
    status: 409,
    title: { zh: '本单位已签署', en: 'Your organisation has signed already' },
    next: { zh: '等待对方签署', en: 'Wait for the other party' },
  },
  waysMixed: {
    status: 409,
    title: {
      zh: '同一份合同不能一方线上、一方纸质签署',
      en: 'One contract is signed on line or on paper, not half and half',
    },
    next: { zh: '双方采用同一种方式', en: 'Both parties use the same way' },
  },
  authorityUnknown: {
    status: 422,
    title: { zh: '未接入该电子认证机构', en: 'That certification authority is not connected' },
    next: { zh: '使用平台签名，或上传纸质合同', en: 'Use the platform signature, or a contract signed on paper' },
  },
  certifiedWrong: {
    status: 422,
    title: { zh: '电子认证签名验证未通过', en: 'The certified signature does not verify' },
    next: {
      zh: '下载合同文本，不作任何改动，用证书对应的私钥重新签名；证书以签署证书在前',
      en: 'Fetch the document, change nothing, sign it with the key of the certificate, and put that certificate first',
    },
  },
  certificateRefused: {
    status: 422,
    title: {
      zh: '证书不由该电子认证机构签发，或不能用于签署',
      en: 'The certificate is not by this authority, or not one to sign with',
    },
    next: {
      zh: '选择签发证书的机构，提交签名证书（非加密证书）及其上级证书',
      en: 'Choose the authority that issued it, and send the certificate for signing with those above it',
    },
  },
  spaceNotYours: {
    status: 422,
    title: {
      zh: '本单位不是此数据空间的有效提供方成员',
      en: 'Your organisation is not in standing as a provider of this data space',
    },
    next: {
      zh: '加入该空间并签署现行规则，或去掉策略中的 shugu:memberOf',
      en: 'Join the space and sign its rules in force, or leave shugu:memberOf out of the policy',
    },
  },
  audienceDiffers: {
    status: 422,
    title: { zh: '受众与策略不一致', en: 'The audience is not that of the policy' },
    next: {
      zh: '面向空间成员的要约，策略须写明 shugu:memberOf',
      en: 'An offer for members of a data space says so in its policy, by shugu:memberOf',
    },
  },
  certificateExpired: {
    status: 422,
    title: { zh: '证书不在有效期内', en: 'The certificate is not valid now' },
    next: { zh: '向电子认证机构更新证书', en: 'Have the authority renew the certificate' },
  },
  certificateRevoked: {
    status: 422,
    title: { zh: '证书已被吊销', en: 'The certificate has been revoked' },
    next: { zh: '使用未被吊销的证书，或采用其他签署方式', en: 'Use one that is not, or sign in another way' },
  },
  certificateNotYours: {
    status: 422,
    title: { zh: '证书主体不是本单位', en: 'The certificate is not your organisation’s' },
    next: {
      zh: '使用统一社会信用代码与本单位一致的证书',
      en: 'Use a certificate with the unified social credit code of your organisation',
    },
  },
  revocationUnknown: {
    status: 503,
    title: {
      zh: '暂时无法核对证书是否被吊销',
      en: 'Whether the certificate has been revoked cannot be told at present',
    },
    next: {
      zh: '稍后重试，或通知运营机构更新吊销列表；也可采用其他签署方式',
      en: 'Try later, tell the operator to refresh the revocation list, or sign in another way',
    },
  },
  paperNotPdf: {
    status: 422,
    title: { zh: '只接受 PDF 文件', en: 'Only PDF files are taken' },
    next: { zh: '将签署页完整扫描为 PDF 后上传', en: 'Scan the signed contract whole into a PDF' },
  },
});
