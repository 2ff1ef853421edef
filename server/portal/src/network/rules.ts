import { lang } from '../i18n/index.ts';

/** What the rules of the checks of pipe networks find: in Chinese, in English, and in Chinese what to do about it. */
const rules: Record<string, [zh: string, en: string, remedy: string]> = {
  'empty-header': ['表头为空', 'A column has no name', '给该列补上列名'],
  'duplicate-header': ['表头重复', 'Two columns have one name', '每列起不同的名称'],
  'missing-column': ['缺少必需列', 'A column that is needed is not there', '补上该列，或用映射文件说明哪一列是它'],
  'missing-value': ['必填项为空', 'A cell that is needed is empty', '填写该单元格'],
  'not-a-number': ['数值列中不是数字', 'A cell of a column of numbers holds no number', '更正该单元格'],
  'duplicate-point': ['点号重复', 'Two points have one number', '每个点一个点号；只保留了第一条'],
  'point-disagrees': ['同一点的记录不一致', 'Records of one point differ', '使同一点的各条记录一致'],
  'same-place': ['不同点号坐标重合', 'Two points stand at one place', '合并为一点，或更正坐标'],
  'swapped-coordinates': ['X、Y坐标颠倒', 'Northing and easting are exchanged', '请对调；已按对调后的值读取'],
  'far-away': ['坐标超出测区', 'The point is far from all the others', '更正坐标'],
  'both-kinds': ['特征与附属物同时填写', 'Both feature and appurtenance are filled in', '清除其一：有附属物的点不填特征'],
  'class-code': ['点号或要素代码与管线种类不符', 'The number\'s letters or the feature code tell another class than the table', '更正编码或管类'],
  'unknown-class': ['管线种类未知', 'The class is none of CJJ 61-2017', '使用附录B的代码或名称，或用映射文件说明'],
  'unknown-material': ['材质未知', 'The material is none of CJJ 61-2017', '使用表C.0.1的代码或名称，或用映射文件说明'],
  'unknown-laying': ['埋设方式未知', 'The way of laying is none of CJJ 61-2017', '使用表C.0.2的代码或名称，或用映射文件说明'],
  'unknown-state': ['使用状态未知', 'The state is none of CJJ 61-2017', '使用表C.0.3的代码或名称，或用映射文件说明'],
  'unused-point': ['孤立点', 'No line ends at the point', '补上连接的管线，或删除该点'],
  degree: ['特征与连接管线数不符', 'As many lines as the feature says do not meet at the point', '更正特征或管线'],
  'shallow-manhole': ['井底高于管底', 'A pipe lies deeper than the bottom of its manhole', '更正井深或管线埋深'],
  'missing-end': ['管线端点缺失', 'A point at which a line ends is not there', '补上该点，或更正点号'],
  'start-is-end': ['起点与终点相同', 'The line ends where it begins', '更正其中一个端点'],
  'duplicate-line': ['管线重复', 'The line is there twice', '删除其一；只保留了第一条'],
  'reversed-line': ['管线正反重复', 'The line is there a second time the other way round', '删除其一；只保留了第一条'],
  'one-sided-line': ['管线缺少反向记录', 'The line has a record at one of its ends only', '补上另一端的记录'],
  'sides-disagree': ['管线正反记录不一致', 'The records at the two ends of a line differ', '使两端记录一致'],
  'bad-section': ['管径或断面无法识别', 'The section can not be read', '填写管径（如 300）或宽×高（如 400×300），单位毫米'],
  'section-limit': ['管径或断面超限', 'The section is larger or smaller than pipes are', '更正规格，单位为毫米'],
  'depth-limit': ['埋深超限', 'The line lies deeper than the limit', '更正埋深或高程'],
  'depth-sign': ['埋深符号与埋设方式不符', 'The depth\'s sign does not fit the way of laying', '地下埋深为正，架空为负'],
  'level-sum': ['地面高程≠埋深+管线高程', 'Ground height is not the sum of depth and pipe height', '更正三者中错误的一个'],
  'ground-disagrees': ['同一点各管线的地面高程不一致', 'The ground height at a line\'s end is not that of its point', '使该点的地面高程一致'],
  'too-long': ['管线超长', 'The line is longer than the limit', '在中间补测一点，或更正坐标'],
  'too-short': ['管线过短', 'The line is shorter than the limit', '将两端合为一点'],
  'length-disagrees': ['长度与坐标不符', 'The stated length is not that between the points', '更正长度或点位'],
  'slope-limit': ['坡度超限', 'The line is steeper than the limit', '更正两端高程'],
  'back-fall': ['重力管道逆坡', 'A gravity pipe rises in the direction of its flow', '更正高程或流向'],
  'against-fall': ['绘制方向与坡向相反', 'The line is drawn from its lower to its higher end', '无需处理：流向以高程为准'],
  'no-levels': ['管线无高程', 'Heights of the line are not known', '补测高程；现按无埋深显示'],
  angle: ['管线夹角过小', 'Two lines leave a point at nearly the same direction', '检查其中一条的另一端是否有误'],
  'separate-part': ['与主网不连通', 'A small part of the network is joined to nothing else', '补上与主网连接的管线'],
  holes: ['已用孔数大于总孔数', 'More holes are used than there are', '更正其中之一'],
  'bad-date': ['建设年代不合理', 'The year of building can not be right', '更正年代'],
  'no-coordinates': ['点无坐标', 'The point has no coordinates', '填写坐标'],
};

/** What a rule finds, by its code. */
export function ruleName(code: string): string {
  return rules[code]?.[lang() === 'zh' ? 0 : 1] ?? code;
}

/** What to do about it; the server says it in English. */
export function remedyOf(code: string, said: string): string {
  return (lang() === 'zh' && rules[code]?.[2]) || said;
}
