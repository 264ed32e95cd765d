/** The surnames that about 98 % of people bear, most common first; then the compound ones. */
const surnames = new Set(
  '王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董袁潘蒋蔡余杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔葛赖文施洪温季樊倪殷牛章鲁申庄耿聂路焦左柳代芦俞兰梅葡柯庞辛管祝欧岳尚焉关包单曲裴童骆翟霍凌齐蓝阮宁游鲍纪柴祁牟解喻詹滕符饶苗卜强蒲成邢涂靳华项骆舒屈甘窦储班边裘安谷占冉盛司靖车涂宫娄封古佟阎鄢'.split(
    '',
  ),
);
const compoundSurnames = [
  '欧阳',
  '司马',
  '上官',
  '诸葛',
  '东方',
  '皇甫',
  '尉迟',
  '公孙',
  '令狐',
  '慕容',
  '宇文',
  '长孙',
  '司徒',
  '夏侯',
  '端木',
  '南宫',
];

/** Characters that end names of places, organisations and things, hardly ever names of people. */
const notNameEnd =
  /[市县区省州镇乡村路街巷号店厂司部局院校所站港园岭寺庙湾桥店型类款色菜酒茶果肉鱼车机器品件油布费率量价税额期度表单图码]$/u;

const han = /^[\u3400-\u9fff\u{20000}-\u{3ffff}]{2,4}$/u;

/**
 * Whether a text may be a Chinese name: two to four Han characters that start with a surname (rare characters allowed), or a
 * transcribed one with a dot (买买提·吐尔逊). Many words pass too, so a column is judged by all its values together.
 */
export function looksLikeName(text: string): boolean {
  if (/^[\u3400-\u9fff]{2,8}[·•][\u3400-\u9fff]{2,10}$/u.test(text)) return true;
  if (!han.test(text) || notNameEnd.test(text)) return false;
  const characters = [...text];
  if (compoundSurnames.some((surname) => text.startsWith(surname))) return characters.length >= 3;
  return characters.length <= 3 && surnames.has(characters[0]!);
}

export function surnameOf(text: string): string {
  const compound = compoundSurnames.find((surname) => text.startsWith(surname));
  return compound ?? [...text][0] ?? '';
}

const addressPart =
  /(?:省|自治区|市|州|地区|盟)|(?:区|县|旗)|(?:镇|乡|街道)|(?:路|街|巷|大道|弄|胡同)|(?:村|组|社区|小区|花园|苑)|(?:\d+[号栋幢座楼室单元])/g;

/** A postal address down to a house or village: at least three of its levels, the last a number or a village. */
export function looksLikeAddress(text: string): boolean {
  if (text.length < 8 || text.length > 120) return false;
  const parts = text.match(addressPart);
  return parts !== null && parts.length >= 3 && /\d+\s*[号栋幢座楼室]|村|组|小区|花园|苑/.test(text);
}
