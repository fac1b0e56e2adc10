import { BRANCHES, type Course } from './curriculum.js';

/** What a branch teaches in each of its four years, besides what everybody is taught. */
const TITLES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  cse: [
    ['Problem Solving in C', 'Digital Logic Design', 'IT Workshop'],
    ['Data Structures', 'Computer Organization', 'Java Programming'],
    ['Database Management Systems', 'Operating Systems', 'Formal Languages and Automata'],
    ['Compiler Design', 'Distributed Systems', 'Cryptography and Network Security'],
  ],
  ece: [
    ['Network Analysis', 'Electronic Devices', 'Engineering Workshop'],
    ['Signals and Systems', 'Switching Theory', 'Probability and Random Processes'],
    ['Analog Communications', 'Linear Integrated Circuits', 'Electromagnetic Waves'],
    ['VLSI Design', 'Microwave Engineering', 'Optical Communications'],
  ],
  eee: [
    ['Electrical Circuits I', 'Basic Electronics', 'Engineering Workshop'],
    ['DC Machines', 'Electrical Circuits II', 'Electromagnetic Fields'],
    ['Power Systems', 'Control Systems', 'AC Machines'],
    ['Power Electronics', 'High Voltage Engineering', 'Switchgear and Protection'],
  ],
  me: [
    ['Engineering Mechanics', 'Engineering Drawing', 'Workshop Practice'],
    ['Thermodynamics', 'Mechanics of Solids', 'Kinematics of Machinery'],
    ['Thermal Engineering', 'Machine Design', 'Metal Cutting'],
    ['Heat Transfer', 'Finite Element Methods', 'Refrigeration'],
  ],
  ce: [
    ['Surveying', 'Building Materials', 'Engineering Drawing'],
    ['Strength of Materials', 'Fluid Mechanics', 'Concrete Technology'],
    ['Structural Analysis', 'Geotechnical Engineering', 'Hydrology'],
    ['Design of Steel Structures', 'Transportation Engineering', 'Estimation and Costing'],
  ],
  it: [
    ['Programming Basics', 'Digital Electronics', 'Web Basics'],
    ['Data Structures with Python', 'Software Engineering', 'Discrete Structures'],
    ['Web Technologies', 'Computer Networks', 'Data Mining'],
    ['Cloud Computing', 'Mobile Applications', 'Information Security'],
  ],
};

const COMMON_TITLES: readonly (readonly string[])[] = [
  ['Mathematics I', 'Engineering Physics', 'Technical English'],
  ['Mathematics III', 'Environmental Science', 'Universal Human Values'],
  ['Probability and Statistics', 'Managerial Economics', 'Constitution of India'],
  ['Operations Research', 'Management Science', 'Entrepreneurship'],
];

const ELECTIVE_TITLES = ['Machine Learning', 'Internet of Things', 'Renewable Energy', 'Disaster Management'];

export const YEARS = [1, 2, 3, 4] as const;
export const LABS_PER_SECTION = 2;

export interface CollegeCourse extends Course {
  type: 'theory' | 'lab' | 'elective';
  branchId: string;
}

/** The courses of one branch in one year: six theory courses, two labs, four electives to choose from. */
export function coursesOf(
  branchId: string,
  year: number,
): Record<'theory' | 'labs' | 'electives', CollegeCourse[]> {
  const prefix =
    BRANCHES.find(({ id }) => id === branchId)
      ?.id.toUpperCase()
      .slice(0, 3) ?? 'XX';
  const own = TITLES[branchId]?.[year - 1] ?? [];
  const make = (type: CollegeCourse['type'], first: number) => (title: string, index: number) => ({
    code: `${prefix}${year}${String(first + index).padStart(2, '0')}`,
    title,
    type,
    branchId,
  });
  return {
    theory: [...own, ...(COMMON_TITLES[year - 1] ?? [])].map(make('theory', 1)),
    labs: own
      .slice(0, LABS_PER_SECTION)
      .map((title) => `${title} Lab`)
      .map(make('lab', 51)),
    electives: ELECTIVE_TITLES.map(make('elective', 81)),
  };
}
