import type { Paper } from './paper.ts';

/** Two invented papers, used by the tests and to look at the design (`specimen` is printed over them). */
export const certificateSample: Paper = {
  layout: 'certificate',
  number: 'SJ4312026070001',
  title: { zh: '数据产权登记凭证', en: 'Certificate of Data Property-Rights Registration' },
  specimen: true,
  issuer: '示例数据产权登记机构',
  issuedOn: '2026年7月1日',
  createdAt: '2026-07-01T02:00:00Z',
  seal: { text: '示例数据产权登记机构', mark: '平台签名' },
  opening: '依据《数据产权登记工作指引（试行）》，经审核与公示，对下列数据资源的产权予以登记，特发此凭证。',
  rows: [
    ['登记编码', 'SJ4312026070001'],
    ['数据名称', '全省道路货运车辆运行指数数据集'],
    ['权利人', '示例物流数据有限公司（91330100799655058B）'],
    ['登记类型', '初次登记'],
    ['权利内容', '持有权、使用权、经营权'],
    ['数据来源', '自行生产、依合同取得'],
    ['数据规模', '12,480,000 行 · 36 列 · 按日更新'],
    ['联系人', '张㼆、李䶮'],
    ['有效期', '2026年7月1日 至 2031年6月30日'],
    ['存证摘要', 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
  ],
  paragraphs: ['本凭证记载的内容以登记系统的公开日志为准；凭证变更、注销或撤销后，核验结果随之改变。'],
  qr: 'https://exchange.example.cn/verify/SJ4312026070001',
  footer: '核验：扫描二维码，或以 shugu verify 离线核对本文件与公开日志。规则包 cn-registration@2026.1',
};

export const statementSample: Paper = {
  layout: 'document',
  number: 'JS-202607-000123',
  title: { zh: '结算单', en: 'Settlement Statement' },
  specimen: true,
  issuer: '示例大数据交易所',
  issuedOn: '2026年8月1日',
  createdAt: '2026-08-01T02:00:00Z',
  seal: { text: '示例大数据交易所有限公司', mark: '样章 SPECIMEN' },
  rows: [
    ['供方', '示例物流数据有限公司'],
    ['需方', '示例商业银行股份有限公司'],
    ['合同编号', 'HT-2026-0417'],
    ['结算周期', '2026-07-01 至 2026-07-31'],
    ['计费方式', '按次计费，单价四位小数'],
    ['币种', '人民币（元）'],
  ],
  tables: [
    {
      caption: '一、用量与计价',
      columns: [
        { title: '项目', share: 2.6 },
        { title: '计量单位', share: 1, align: 'center' },
        { title: '用量', share: 1.2, align: 'right' },
        { title: '单价', share: 1.1, align: 'right' },
        { title: '金额（元）', share: 1.4, align: 'right' },
      ],
      rows: [
        ['车辆运行状态核验', '次', '182,340', '0.0450', '8,205.30'],
        ['货运活跃度评分', '次', '96,021', '0.1200', '11,522.52'],
        ['线路热度指数（日包）', '份', '31', '120.0000', '3,720.00'],
      ],
      totals: ['合计', '', '278,392', '', '23,447.82'],
    },
    {
      caption: '二、分账',
      columns: [
        { title: '收款方', share: 2.6 },
        { title: '角色', share: 1.4 },
        { title: '比例', align: 'right' },
        { title: '金额（元）', share: 1.4, align: 'right' },
      ],
      rows: [
        ['示例物流数据有限公司', '供方', '82.00 %', '19,227.21'],
        ['示例数据服务有限公司', '数商', '13.00 %', '3,048.22'],
        ['示例大数据交易所', '交易服务费', '5.00 %', '1,172.39'],
      ],
      totals: ['合计', '', '100.00 %', '23,447.82'],
    },
  ],
  paragraphs: ['本结算单由计量记录自动生成。对账目有异议的，请在送达之日起五个工作日内提出；逾期视为确认。'],
  signatures: [
    { role: '供方确认', name: '示例物流数据有限公司', detail: '电子签名 2026-08-02 10:12:45' },
    { role: '需方确认', name: '示例商业银行股份有限公司', detail: '电子签名 2026-08-02 15:40:03' },
    { role: '复核', name: '清结算中心', detail: '双人复核' },
  ],
  qr: 'https://exchange.example.cn/verify/JS-202607-000123',
  footer: '核验：扫描二维码，或以 shugu verify 离线核对。金额按结算单每行四舍五入到分。',
};
