import { makeCampus } from './campus.js';

export interface DemoAccount {
  login: string;
  password: string;
  role: 'admin' | 'hod' | 'faculty' | 'student' | 'lab_technician';
  /** Roll number. */
  student?: string;
  /** Code. */
  faculty?: string;
}

/** Known to everybody who reads this: the demo listens on this machine only, and its people do not exist. */
const PASSWORD = 'rollcall demonstration';

/** One account for each kind of person who looks at the pages. */
export function demoAccounts(seed: number): DemoAccount[] {
  const [section] = makeCampus(seed).sections;
  const student = section?.students[0]?.rollNumber;
  const faculty = section?.faculty[0]?.code;
  const accounts: DemoAccount[] = [
    { login: 'admin', password: PASSWORD, role: 'admin' },
    { login: 'head', password: PASSWORD, role: 'hod' },
    { login: 'technician', password: PASSWORD, role: 'lab_technician' },
  ];
  if (faculty !== undefined) {
    accounts.push({ login: faculty.toLowerCase(), password: PASSWORD, role: 'faculty', faculty });
  }
  if (student !== undefined) {
    accounts.push({ login: student.toLowerCase(), password: PASSWORD, role: 'student', student });
  }
  return accounts;
}
