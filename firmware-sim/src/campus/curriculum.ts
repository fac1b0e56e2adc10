export interface Course {
  code: string;
  title: string;
}

/** Branch codes as they stand in a JNTU roll number. */
export interface Branch {
  id: string;
  name: string;
  rollCode: string;
  sections: readonly string[];
  courses: readonly Course[];
}

const course = (code: string, title: string): Course => ({ code, title });

/** Taught to every branch. */
export const COMMON_COURSES: readonly Course[] = [
  course('MA301', 'Probability and Statistics'),
  course('HS301', 'Managerial Economics'),
];

export const BRANCHES: readonly Branch[] = [
  {
    id: 'cse',
    name: 'CSE',
    rollCode: '05',
    sections: ['a', 'b'],
    courses: [
      course('CS301', 'Database Management Systems'),
      course('CS302', 'Operating Systems'),
      course('CS303', 'Formal Languages and Automata'),
    ],
  },
  {
    id: 'ece',
    name: 'ECE',
    rollCode: '04',
    sections: ['a', 'b'],
    courses: [
      course('EC301', 'Analog Communications'),
      course('EC302', 'Linear Integrated Circuits'),
      course('EC303', 'Electromagnetic Waves'),
    ],
  },
  {
    id: 'eee',
    name: 'EEE',
    rollCode: '02',
    sections: ['a'],
    courses: [course('EE301', 'Power Systems'), course('EE302', 'Control Systems')],
  },
  {
    id: 'me',
    name: 'ME',
    rollCode: '03',
    sections: ['a'],
    courses: [course('ME301', 'Thermal Engineering'), course('ME302', 'Machine Design')],
  },
  {
    id: 'ce',
    name: 'CE',
    rollCode: '01',
    sections: ['a'],
    courses: [course('CE301', 'Structural Analysis'), course('CE302', 'Geotechnical Engineering')],
  },
  {
    id: 'it',
    name: 'IT',
    rollCode: '12',
    sections: ['a'],
    courses: [course('IT301', 'Web Technologies'), course('IT302', 'Computer Networks')],
  },
];
