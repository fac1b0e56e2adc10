import type { Random } from '../random.js';

/** How a community writes a full name: Telugu and Muslim families of the region put the family name first. */
interface NameStock {
  weight: number;
  isFamilyFirst: boolean;
  given: readonly string[];
  family: readonly string[];
}

const STOCKS: readonly NameStock[] = [
  {
    weight: 46,
    isFamilyFirst: true,
    given: [
      'Sai Charan',
      'Lakshmi Prasanna',
      'Venkata Ramana',
      'Harika',
      'Sravani',
      'Naga Babu',
      'Bhavana',
      'Teja',
      'Pavan Kumar',
      'Anusha',
      'Rohith',
      'Keerthi',
      'Vamsi Krishna',
      'Mounika',
      'Srinivas',
      'Divya Sri',
      'Ganesh',
      'Hema Latha',
      'Manoj',
      'Swathi',
      'Chaitanya',
      'Jahnavi',
      'Lokesh',
      'Navya',
      'Sandeep',
      'Tejaswini',
      'Uday Kiran',
      'Yamini',
      'Akhil',
      'Ramya',
    ],
    family: [
      'Kolli',
      'Gudivada',
      'Nallapati',
      'Yarlagadda',
      'Vemuri',
      'Pothineni',
      'Bandaru',
      'Chintala',
      'Dasari',
      'Elluri',
      'Gadde',
      'Kancharla',
      'Mandava',
      'Nimmagadda',
      'Paladugu',
      'Ravuri',
      'Surapaneni',
      'Tummala',
      'Uppalapati',
      'Velagapudi',
      'Bollineni',
      'Kakarla',
      'Meka',
      'Penumatsa',
    ],
  },
  {
    weight: 20,
    isFamilyFirst: false,
    given: [
      'Aarav',
      'Ananya',
      'Rahul',
      'Priya',
      'Vikram',
      'Neha',
      'Rohan',
      'Pooja',
      'Amit',
      'Shreya',
      'Nikhil',
      'Kavita',
      'Aditya',
      'Ritika',
      'Saurabh',
      'Sneha',
      'Harsh',
      'Ishita',
    ],
    family: [
      'Sharma',
      'Verma',
      'Gupta',
      'Mishra',
      'Yadav',
      'Singh',
      'Agarwal',
      'Joshi',
      'Tiwari',
      'Chauhan',
      'Pandey',
      'Mehta',
    ],
  },
  {
    weight: 12,
    isFamilyFirst: false,
    given: [
      'Karthik',
      'Meenakshi',
      'Arun',
      'Kavya',
      'Senthil',
      'Nithya',
      'Prakash',
      'Abirami',
      'Dinesh',
      'Sangeetha',
      'Murugan',
      'Thenmozhi',
      'Vignesh',
      'Yazhini',
    ],
    family: [
      'Subramanian',
      'Rajendran',
      'Palanisamy',
      'Natarajan',
      'Krishnan',
      'Sundaram',
      'Velmurugan',
      'Chidambaram',
    ],
  },
  {
    weight: 13,
    isFamilyFirst: true,
    given: [
      'Ayesha',
      'Irfan',
      'Nazneen',
      'Imran',
      'Sameera',
      'Farhan',
      'Rizwana',
      'Abdul Kareem',
      'Tabassum',
      'Sohail',
      'Zoya',
      'Asif',
      'Nikhat',
      'Junaid',
    ],
    family: ['Shaik', 'Mohammed', 'Syed', 'Pathan', 'Khan', 'Mirza'],
  },
  {
    weight: 9,
    isFamilyFirst: false,
    given: [
      'John Wesley',
      'Mary Sunitha',
      'Samuel',
      'Esther Rani',
      'Daniel',
      'Ruth',
      'Joseph',
      'Grace',
      'Paul Raj',
      'Blessy',
      'Stephen',
      'Rebecca',
    ],
    family: ['Pulipaka', 'Thomas', 'Mathew', 'Gollapalli', 'Fernandes', 'Kurian', 'Yesudas', 'Battula'],
  },
];

const FACULTY_TITLES = ['Dr', 'Prof', 'Dr', 'Mr', 'Ms'];
const TRIES_MAX = 10_000;

/** Draws names that sound like a college in coastal Andhra Pradesh, none of them twice. */
export class NameMaker {
  readonly #random: Random;
  readonly #used = new Set<string>();

  constructor(random: Random) {
    this.#random = random;
  }

  student(): string {
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      const name = this.#draw();
      if (this.#used.has(name)) continue;
      this.#used.add(name);
      return name;
    }
    throw new RangeError('the name lists are too short for so many people');
  }

  faculty(): string {
    return `${this.#random.pick(FACULTY_TITLES)} ${this.student()}`;
  }

  /** One that others may have, too, as in any college of thousands. */
  common(): string {
    return this.#draw();
  }

  #draw(): string {
    const stock = this.#stock();
    const given = this.#random.pick(stock.given);
    const family = this.#random.pick(stock.family);
    return stock.isFamilyFirst ? `${family} ${given}` : `${given} ${family}`;
  }

  #stock(): NameStock {
    const total = STOCKS.reduce((sum, stock) => sum + stock.weight, 0);
    let left = this.#random.next() * total;
    for (const stock of STOCKS) {
      left -= stock.weight;
      if (left < 0) return stock;
    }
    return STOCKS[0] as NameStock;
  }
}
