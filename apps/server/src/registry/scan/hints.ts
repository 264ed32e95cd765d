import type { IdentifierKind } from './kinds.ts';

/** What the name of a column lets one expect, Chinese, pinyin-less English and the usual abbreviations. */
interface HintRule {
  kind: IdentifierKind;
  name: RegExp;
}

const hintRules: HintRule[] = [
  {
    kind: 'residentId',
    name: /身份证|证件号|公民身份|(?:^|_)(?:id_?card|idcard_?no|id_?number|idno|sfzh?|zjhm|gmsfhm)(?:_|$)/i,
  },
  {
    kind: 'mobile',
    name: /手机|联系电话|联系方式|移动电话|(?:^|_)(?:mobile|phone|cell|tel|sjh|lxdh)(?:_?(?:no|number|num))?(?:_|$)/i,
  },
  { kind: 'bankCard', name: /银行卡|卡号|收款账号|(?:^|_)(?:bank_?card|(?<!id_)card_?no|card_?number|yhkh)(?:_|$)/i },
  {
    kind: 'account',
    name: /银行账[号户]|开户行|账户余额|征信|(?:^|_)(?:bank_?account|account_?balance|credit_?score)(?:_|$)/i,
  },
  { kind: 'plate', name: /车牌|号牌|(?:^|_)(?:plate|licen[sc]e_?plate|plate_?no|cph|hphm)(?:_|$)/i },
  { kind: 'vin', name: /车架号|车辆识别|(?:^|_)(?:vin|clsbdh)(?:_|$)/i },
  { kind: 'passport', name: /护照|通行证|(?:^|_)passport(?:_?no)?(?:_|$)/i },
  { kind: 'email', name: /邮箱|电子邮件|e-?mail/i },
  { kind: 'ipv4', name: /(?:^|_)(?:ip|ip_?addr(?:ess)?|client_?ip)(?:_|$)|IP地址/i },
  { kind: 'mac', name: /(?:^|_)mac(?:_?addr(?:ess)?)?(?:_|$)|MAC地址/i },
  {
    kind: 'position',
    name: /经纬度|轨迹|行踪|定位|坐标|(?:^|_)(?:gps|lng|lon|lat|longitude|latitude|location|track|trajectory)(?:_|$)|^[经纬]度$/i,
  },
  {
    kind: 'personName',
    name: /姓名|(?:联系|负责|经办|法定代表|法人代表|紧急联系|收货|申请|投保|被保险|监护)人(?:姓名)?$|^法人$|司机|驾驶员|患者(?:姓名)?$|(?:^|_)(?:full_?name|real_?name|person_?name|contact_?name|driver_?name|customer_?name|xm)(?:_|$)/i,
  },
  {
    kind: 'address',
    name: /住址|户籍|家庭地址|收货地址|居住地|(?:^|_)(?:home_?addr(?:ess)?|address|addr|hjdz|jtzz)(?:_|$)|^地址$/i,
  },
  { kind: 'creditCode', name: /统一社会信用代码|信用代码|(?:^|_)(?:uscc|credit_?code|tyshxydm)(?:_|$)/i },
  { kind: 'birthDate', name: /出生|生日|(?:^|_)(?:birth|birth_?date|birthday|dob|csrq)(?:_|$)/i },
  {
    kind: 'socialInsurance',
    name: /社保|医保|社会保障|医疗保险|(?:^|_)(?:social_?security|ssn|medical_?insurance)(?:_|$)/i,
  },
  {
    kind: 'health',
    name: /病历|诊断|疾病|处方|用药|血型|血压|血糖|体检|过敏史|手术|(?:^|_)(?:diagnosis|disease|blood_?(?:type|pressure)|prescription|medical_?record)(?:_|$)/i,
  },
  {
    kind: 'biometric',
    name: /指纹|人脸|虹膜|声纹|掌纹|(?:^|_)(?:fingerprint|face_?(?:id|feature)|iris|voiceprint|dna)(?:_|$)/i,
  },
  { kind: 'belief', name: /宗教|信仰|(?:^|_)(?:religion|belief)(?:_|$)/i },
  { kind: 'minor', name: /儿童|幼儿|婴儿|未成年|学籍|(?:^|_)(?:child|minor|pupil)(?:_|$)/i },
];

/** Names that say what a digit run is *not*: a serial, an order, an amount, a moment. */
const againstPerson =
  /订单|单号|流水|序号|编号|批次|条码|运单|发票|票号|设备号|型号|版本|金额|数量|价格|面积|里程|时间戳|(?:^|_)(?:order|serial|seq|sequence|batch|invoice|sku|barcode|imei|device|trace|txn|transaction|waybill|version|amount|qty|price|timestamp|epoch)(?:_?(?:no|id|number|num))?(?:_|$)/i;

/** Names of organisations, places and things end in 名称; only a column that names people is a name column. */
const againstName = /名称|公司|企业|单位|机构|部门|城市|产品|品牌|商品|颜色|街道|景区|地名/;

const camelBorder = /([a-z0-9])([A-Z])/g;

export interface NameHint {
  kinds: Set<IdentifierKind>;
  /** The name speaks of a serial or a measure. */
  against: boolean;
  againstName: boolean;
}

export function hintOf(columnName: string): NameHint {
  const name = columnName
    .trim()
    .replace(camelBorder, '$1_$2')
    .replace(/[\s.-]+/g, '_');
  const kinds = new Set(hintRules.filter((rule) => rule.name.test(name)).map((rule) => rule.kind));
  // 司机身份证号 speaks of a driver, but the number decides; likewise 联系人手机.
  const exact = (['residentId', 'mobile', 'bankCard', 'passport', 'email', 'address'] as const).some((kind) =>
    kinds.has(kind),
  );
  if (exact && !/姓名|_name/i.test(name)) kinds.delete('personName');
  return { kinds, against: againstPerson.test(name), againstName: againstName.test(name) };
}
