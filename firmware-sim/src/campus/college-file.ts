import { STUDENTS_PER_SECTION } from './campus.js';
import { type College, type CollegeRoom, type CollegeSection, makeCollege } from './college.js';
import { coursesOf } from './college-courses.js';
import { batchId, collegeTimetable, electiveId, labRoomsNeeded } from './college-timetable.js';
import { BRANCHES } from './curriculum.js';
import { CAMPUS_ZONE } from './timetable.js';

/** Wide on purpose: whenever it is loaded, the period is running, and the file is always the same. */
const PERIOD = { starts_on: '2024-07-01', ends_on: '2099-06-30' };
const GATEWAY = (buildingId: string): string => `gw-${buildingId}`;

/**
 * A college for measurements in the form that `rollcall-central seed` reads: sections of sixty, seven periods on
 * six days, labs in two batches, electives across sections, a reader in every room and a gateway in every
 * building.
 */
export function collegeFile(
  seed: number,
  studentCount: number,
  publicKeys: Readonly<Record<string, string>>,
) {
  const labs = labRoomsNeeded(Math.ceil(studentCount / STUDENTS_PER_SECTION));
  const college = makeCollege(seed, studentCount, labs);
  const { sections, rooms } = college;
  const buildings = [...new Set(rooms.map(({ buildingId }) => buildingId))];
  const nameOf = (id: string): string => `Block ${id.slice(-1).toUpperCase()}`;
  return {
    v: 1,
    campus: { id: 'main', name: 'Godavari Institute of Technology', zone: CAMPUS_ZONE },
    buildings: buildings.map((id) => ({
      id,
      name: nameOf(id),
      rooms: rooms
        .filter(({ buildingId }) => buildingId === id)
        .map((room) => ({ id: room.id, name: room.name, capacity: room.isLab ? 40 : STUDENTS_PER_SECTION })),
    })),
    gateways: buildings.map((id) => ({
      id: GATEWAY(id),
      building: id,
      name: nameOf(id),
      ...(publicKeys[GATEWAY(id)] === undefined ? {} : { public_key: publicKeys[GATEWAY(id)] }),
    })),
    devices: rooms.flatMap(devicesOf),
    departments: BRANCHES.map(({ id, name }) => ({ id, name: `Department of ${name}` })),
    academic_period: { id: 'semester', name: 'Semester', ...PERIOD },
    courses: coursesIn(sections),
    faculty: facultyIn(sections),
    sections: sections.flatMap(groupsOf),
    students: studentsIn(college),
    timetable: collegeTimetable(college),
    accounts: accounts(),
  };
}

/** Half of the rooms have a reader with lights of its own, the other half one beside it. */
function devicesOf(room: CollegeRoom, index: number) {
  const common = { gateway: GATEWAY(room.buildingId), room: room.id, direction: 'both' };
  if (index % 2 === 1) {
    return [
      { id: `line-${room.id}`, driver: 'line', name: `${room.name} card reader`, type: 'rfid', ...common },
    ];
  }
  return [
    { id: `rdm-${room.id}`, driver: 'rdm6300', name: `${room.name} card reader`, type: 'rfid', ...common },
    { id: `lights-${room.id}`, driver: 'line', name: `${room.name} lights`, type: 'lights', ...common },
  ];
}

function coursesIn(sections: readonly CollegeSection[]) {
  const kinds = new Map(sections.map(({ branchId, year }) => [`${branchId}-${year}`, { branchId, year }]));
  return [...kinds.values()].flatMap(({ branchId, year }) => {
    const { theory, labs, electives } = coursesOf(branchId, year);
    return [...theory, ...labs, ...electives].map(({ code, title, type }) => ({
      code,
      title,
      type,
      department: branchId,
    }));
  });
}

function facultyIn(sections: readonly CollegeSection[]) {
  const all = new Map(sections.flatMap(({ faculty }) => faculty.map((one) => [one.code, one] as const)));
  return [...all.values()].map(({ code, name, branchId }) => ({ code, name, department: branchId }));
}

function groupsOf(section: CollegeSection) {
  const common = { department: section.branchId, year_of_study: section.year };
  return [
    { id: section.id, name: section.name, kind: 'section', ...common },
    ...[0, 1].map((batch) => ({
      id: batchId(section, batch),
      name: `${section.name} B${batch + 1}`,
      kind: 'batch',
      parent: section.id,
      ...common,
    })),
    { id: electiveId(section), name: `${section.name} elective`, kind: 'elective', ...common },
  ];
}

/** Electives mix the sections of one branch and year: a student is in the group of one of their rooms. */
function studentsIn({ sections }: College) {
  return sections.flatMap((section) => {
    const peers = sections.filter(
      ({ branchId, year }) => branchId === section.branchId && year === section.year,
    );
    return section.students.map(({ rollNumber, name, card, batch, elective }) => ({
      roll_number: rollNumber,
      name,
      section: section.id,
      member_from: PERIOD.starts_on,
      groups: [batchId(section, batch), electiveId(peers[elective % peers.length] ?? section)],
      cards: [`em4100:${card.em4100}`, `iso14443a:${card.iso14443a}`],
    }));
  });
}

/** Nobody of this college exists, and whoever reads this knows the password: for measurements only. */
function accounts() {
  const password = 'rollcall measurement';
  return [
    { login: 'admin', password, roles: [{ role: 'admin' }] },
    { login: 'coordinator', password, roles: [{ role: 'coordinator' }] },
    ...BRANCHES.map(({ id }) => ({
      login: `head-${id}`,
      password,
      roles: [{ role: 'hod', department: id }],
    })),
  ];
}
