import type { Route } from '../route.js';
import { academicPeriods } from './academic-periods.js';
import { academicYears } from './academic-years.js';
import { biometricDevices } from './biometric-devices.js';
import { buildingWalks } from './building-walks.js';
import { buildings } from './buildings.js';
import { campuses } from './campuses.js';
import { courses } from './courses.js';
import { departments } from './departments.js';
import { facultyMembers } from './faculty.js';
import { gateways } from './gateways.js';
import { guardians } from './guardians.js';
import type { Master } from './master.js';
import { masterRoutes } from './master-routes.js';
import { programmes } from './programmes.js';
import { rooms } from './rooms.js';
import { batches, sections } from './sections.js';
import { students } from './students.js';

const MASTERS: readonly Master[] = [
  campuses,
  buildings,
  buildingWalks,
  rooms,
  departments,
  programmes,
  academicYears,
  academicPeriods,
  courses,
  sections,
  batches,
  facultyMembers,
  students,
  guardians,
  gateways,
  biometricDevices,
];

/** A new master is one file and one line here. */
export const MASTER_ROUTES: readonly Route[] = MASTERS.flatMap(masterRoutes);
