//! Drawing reactions by what they share: partial propensities.
//!
//! A propensity that is a product of amounts is written c x m, with one amount x, its *key*, and the product m of the others,
//! its *partner* (1 for a first-order reaction). Reactions of the same partner form a group, and the total propensity is the
//! sum over groups of m R, with R the sum of c x in the group. A reaction changes every R by a constant that is known
//! beforehand and every partner that is a single amount by a whole number, so that an event costs two short vector additions,
//! however many propensities it changes; a draw costs one group. (R. Ramaswamy, N. Gonzalez-Segredo, I. F. Sbalzarini,
//! J. Chem. Phys. 130 (2009) 244104, doi:10.1063/1.3154624, group by one reactant; here partners are chosen so that there are
//! few groups.)
//!
//! Sums drift by rounding: they are made anew every 1024 events, and when the total has become much smaller. A draw that
//! falls into what rounding added is none, and time goes on, so that no reaction happens that cannot.
//!
//! Amounts here may be upper bounds of what is really there: a draw is then a candidate, see [`super::swift`].

mod walk;

pub(super) use walk::Walk;

use super::product::Product;

/// Numbers are added and compared in fours.
const WIDTH: usize = 4;
/// Slots of amounts: a byte, so that no index is ever out of range.
const SLOTS: usize = 256;
/// The slot that is always 1, for factors that are not there.
const ONE: u8 = 255;
/// The slot that absent changes go to.
const SINK: u8 = 254;
/// Amounts that a state may have at most.
pub(super) const MOST_AMOUNTS: usize = 254;
/// Factors of a partner.
const FACTORS: usize = 3;
/// Changes that are kept with a reaction; further ones are rare.
const CHANGES: usize = 4;
/// What a reaction does beside adding to the first row and to amounts, where that is not one partner: nothing, or more.
const NOTHING: u8 = 255;
const MORE: u8 = 254;
/// Events after which sums are made anew.
const FRESH: u32 = 1024;
/// Part of the total at the last renewal below which sums are made anew.
const DROP: f64 = 1e-3;

/// Reactions in this form.
#[derive(Debug)]
pub(super) struct Partials {
    partners: Vec<Partner>,
    /// The first four reactions of every group, which nearly always suffice, then those that are left; a multiple of
    /// [`WIDTH`] groups.
    blocks: Vec<Block>,
    /// Which group each block belongs to.
    group_of: Vec<usize>,
    /// Of each group, its further blocks.
    more: Vec<std::ops::Range<usize>>,
    /// What every place of every block does, and which reaction it is, `[blocks x WIDTH]`.
    jumps: Vec<Jump>,
    extras: Vec<Extra>,
    reactions: Vec<usize>,
    /// Of each slot: groups in which it is a key, with the sum of constants there; partners that it is; partners of several
    /// factors that it is among.
    key_in: Vec<Vec<(usize, f64)>>,
    is_partner: Vec<Vec<usize>>,
    is_factor: Vec<Vec<usize>>,
    /// Rows of four groups.
    rows: usize,
}

/// Sums and partners of four groups, or their changes.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    sums: [f64; WIDTH],
    partners: [f64; WIDTH],
}

/// A product of (amount - offset), none below 0; padded with factors 1.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Partner {
    slots: [u8; FACTORS],
    offsets: [f64; FACTORS],
}

impl Partner {
    fn of(factors: &[(u8, f64)]) -> Option<Partner> {
        let mut partner = Partner { slots: [ONE; FACTORS], offsets: [0.0; FACTORS] };
        if factors.len() > FACTORS {
            return None;
        }
        for (k, &(slot, offset)) in factors.iter().enumerate() {
            (partner.slots[k], partner.offsets[k]) = (slot, offset);
        }
        Some(partner)
    }

    #[inline(always)]
    fn value(&self, amounts: &[f64; SLOTS]) -> f64 {
        let factor = |k: usize| (amounts[self.slots[k] as usize] - self.offsets[k]).max(0.0);
        factor(0) * factor(1) * factor(2)
    }

    /// The amounts that it reads.
    fn reads(&self) -> impl Iterator<Item = u8> {
        self.slots.into_iter().filter(|&slot| slot != ONE)
    }

    /// The amount that this partner is, if it is one.
    fn amount(&self) -> Option<u8> {
        (self.reads().count() == 1 && self.offsets[0] == 0.0).then_some(self.slots[0])
    }
}

/// Four reactions of a group; padded with constants 0.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Block {
    constants: [f64; WIDTH],
    keys: [u8; WIDTH],
}

impl Default for Block {
    fn default() -> Self {
        Block { constants: [0.0; WIDTH], keys: [ONE; WIDTH] }
    }
}

/// What a reaction does to the first row and to amounts.
#[derive(Clone, Debug)]
#[repr(align(128))]
struct Jump {
    first: Row,
    changes: [f64; CHANGES],
    slots: [u8; CHANGES],
    /// The one partner of several factors in the first row that it changes, if that is all; or [`NOTHING`], or [`MORE`].
    then: u8,
}

/// What else a reaction does.
#[derive(Clone, Debug, Default)]
struct Extra {
    others: Vec<Row>,
    changes: Vec<(u8, f64)>,
    /// Partners of several factors that change.
    renews: Vec<usize>,
}

impl Partials {
    /// Reactions in this form: propensities and what changes (of amounts that are kept here), by position of the state of
    /// `amounts` quantities. None if they do not fit.
    pub fn new(amounts: usize, products: &[Product], changes: &[Vec<(usize, f64)>]) -> Option<Partials> {
        if amounts > MOST_AMOUNTS || products.len() > usize::from(u16::MAX) {
            return None;
        }
        let mut options: Vec<Vec<(u8, Partner)>> = products.iter().map(ways).collect();
        if options.iter().any(Vec::is_empty) {
            return None;
        }
        let mut partners: Vec<Partner> = Vec::new();
        let mut members: Vec<Vec<(usize, u8)>> = Vec::new();
        // Greedily, the partner that most of the remaining reactions have.
        while let Some(partner) = most_common(&options) {
            let mut group = Vec::new();
            for (j, ways) in options.iter_mut().enumerate() {
                if let Some(&(key, _)) = ways.iter().find(|(_, p)| *p == partner) {
                    group.push((j, key));
                    ways.clear();
                }
            }
            partners.push(partner);
            members.push(group);
        }
        let rows = partners.len().div_ceil(WIDTH).max(1);
        let mut partials = Partials {
            blocks: vec![Block::default(); rows * WIDTH],
            group_of: (0..rows * WIDTH).collect(),
            more: vec![0..0; rows * WIDTH],
            jumps: Vec::new(),
            extras: Vec::new(),
            reactions: vec![usize::MAX; rows * WIDTH * WIDTH],
            key_in: vec![Vec::new(); SLOTS],
            is_partner: vec![Vec::new(); SLOTS],
            is_factor: vec![Vec::new(); SLOTS],
            rows,
            partners,
        };
        for (q, mut group) in members.into_iter().enumerate() {
            // Those that probably happen most come first.
            group.sort_by(|a, b| products[b.0].constant.total_cmp(&products[a.0].constant));
            let further = partials.blocks.len();
            for (b, four) in group.chunks(WIDTH).enumerate() {
                let place = if b == 0 { q } else { further + b - 1 };
                partials.put_block(q, place, four, products);
            }
            partials.more[q] = further..partials.blocks.len();
            match partials.partners[q].amount() {
                Some(slot) => partials.is_partner[slot as usize].push(q),
                None => {
                    for slot in partials.partners[q].reads() {
                        let list = &mut partials.is_factor[slot as usize];
                        if !list.contains(&q) {
                            list.push(q);
                        }
                    }
                }
            }
        }
        for place in 0..partials.reactions.len() {
            let none = Vec::new();
            let (jump, extra) = partials.jump(changes.get(partials.reactions[place]).unwrap_or(&none));
            partials.jumps.push(jump);
            partials.extras.push(extra);
        }
        Some(partials)
    }

    fn put_block(&mut self, group: usize, place: usize, four: &[(usize, u8)], products: &[Product]) {
        if place == self.blocks.len() {
            self.blocks.push(Block::default());
            self.group_of.push(group);
            self.reactions.extend([usize::MAX; WIDTH]);
        }
        let block = &mut self.blocks[place];
        for (k, &(j, key)) in four.iter().enumerate() {
            let constant = products[j].constant;
            (block.constants[k], block.keys[k]) = (constant, key);
            self.reactions[place * WIDTH + k] = j;
            let sums = &mut self.key_in[key as usize];
            match sums.iter_mut().find(|(q, _)| *q == group) {
                Some((_, sum)) => *sum += constant,
                None => sums.push((group, constant)),
            }
        }
    }

    fn jump(&self, changes: &[(usize, f64)]) -> (Jump, Extra) {
        let mut rows = vec![Row::default(); self.rows];
        let mut extra = Extra::default();
        let (mut slots, mut amounts) = ([SINK; CHANGES], [0.0; CHANGES]);
        for (k, &(i, change)) in changes.iter().enumerate() {
            if k < CHANGES {
                (slots[k], amounts[k]) = (i as u8, change);
            } else {
                extra.changes.push((i as u8, change));
            }
            for &(q, constant) in &self.key_in[i] {
                rows[q / WIDTH].sums[q % WIDTH] += constant * change;
            }
            for &q in &self.is_partner[i] {
                rows[q / WIDTH].partners[q % WIDTH] += change;
            }
            for &q in &self.is_factor[i] {
                if !extra.renews.contains(&q) {
                    extra.renews.push(q);
                }
            }
        }
        let first = rows[0];
        extra.others = rows.split_off(1);
        let is_short = extra.others.is_empty() && extra.changes.is_empty();
        let then = match extra.renews[..] {
            [] if is_short => NOTHING,
            [q] if is_short => q as u8,
            _ => MORE,
        };
        (Jump { first, changes: amounts, slots, then }, extra)
    }

    /// All blocks of a group.
    fn blocks_of(&self, group: usize) -> impl Iterator<Item = &Block> {
        std::iter::once(&self.blocks[group]).chain(&self.blocks[self.more[group].clone()])
    }

    /// Leaves the reaction at a place to the caller of [`Draws::walk`], always.
    pub fn heed(&mut self, place: usize) {
        self.jumps[place].then = MORE;
    }

    /// Number of places; some are of no reaction.
    pub fn places(&self) -> usize {
        self.reactions.len()
    }

    /// The reaction at a place.
    pub fn reaction(&self, place: usize) -> usize {
        self.reactions[place]
    }
}

/// The ways to write a propensity as key and partner.
fn ways(product: &Product) -> Vec<(u8, Partner)> {
    let factors: Vec<(u8, f64)> = product.factors.iter().map(|&(i, offset)| (i as u8, offset)).collect();
    let partner = |mut rest: Vec<(u8, f64)>| {
        rest.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        Partner::of(&rest)
    };
    let keys = (0..factors.len()).filter(|&k| factors[k].1 == 0.0);
    let mut ways: Vec<_> = keys
        .filter_map(|k| {
            let rest = factors.iter().enumerate().filter(|&(i, _)| i != k).map(|(_, &f)| f);
            Some((factors[k].0, partner(rest.collect())?))
        })
        .collect();
    if ways.is_empty() {
        ways.extend(partner(factors).map(|partner| (ONE, partner)));
    }
    ways
}

/// The partner that most reactions could have; of equal ones the simplest.
fn most_common(options: &[Vec<(u8, Partner)>]) -> Option<Partner> {
    let mut counts: Vec<(Partner, usize)> = Vec::new();
    for ways in options {
        for (i, (_, partner)) in ways.iter().enumerate() {
            if ways[..i].iter().any(|(_, p)| p == partner) {
                continue;
            }
            match counts.iter_mut().find(|(p, _)| p == partner) {
                Some((_, count)) => *count += 1,
                None => counts.push((*partner, 1)),
            }
        }
    }
    let rank = |(partner, count): &(Partner, usize)| (*count, FACTORS - partner.reads().count());
    let best = counts.iter().map(rank).max()?;
    counts.into_iter().find(|entry| rank(entry) == best).map(|(partner, _)| partner)
}

/// Amounts and sums in progress.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    amounts: Box<[f64; SLOTS]>,
    /// Groups: the first row, and the others.
    first: Row,
    others: Vec<Row>,
    /// Totals of all rows up to and including each, if there are several.
    totals: Vec<f64>,
    /// The sums after whatever was done last out of line.
    sums: Sums,
    /// Events since sums were made anew, and the total below which they are.
    age: u32,
    least: f64,
}

/// Sums of m R: what a draw needs first. They are handed from event to event by value, since an event would wait for them on
/// their way through memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Over the first one, two, ... groups of the first row.
    below: [f64; WIDTH],
    total: f64,
}

impl Sums {
    /// The total propensity.
    #[inline(always)]
    pub fn total(&self) -> f64 {
        self.total
    }
}

impl Default for Draws {
    fn default() -> Self {
        Draws {
            amounts: Box::new([0.0; SLOTS]),
            first: Row::default(),
            others: Vec::new(),
            totals: Vec::new(),
            sums: Sums::default(),
            age: 0,
            least: 0.0,
        }
    }
}

impl Draws {
    /// Starts from these amounts.
    pub fn start(&mut self, partials: &Partials, amounts: &[f64]) -> Sums {
        self.amounts.fill(0.0);
        self.amounts[..amounts.len()].copy_from_slice(amounts);
        self.amounts[ONE as usize] = 1.0;
        self.first = Row::default();
        self.others.clear();
        self.others.resize(partials.rows - 1, Row::default());
        self.totals.resize(partials.rows, 0.0);
        self.renew(partials);
        self.sums
    }

    /// The sums after [`Draws::renew`] or [`Draws::settle`].
    #[inline(always)]
    pub fn sums(&self) -> Sums {
        self.sums
    }

    /// The amount at a position of the state.
    #[inline(always)]
    pub fn amount(&self, position: usize) -> f64 {
        self.amounts[position & (SLOTS - 1)]
    }

    /// Copies the amounts out.
    pub fn copy_to(&self, amounts: &mut [f64]) {
        amounts.copy_from_slice(&self.amounts[..amounts.len()]);
    }

    fn row(&mut self, group: usize) -> &mut Row {
        match group / WIDTH {
            0 => &mut self.first,
            r => &mut self.others[r - 1],
        }
    }

    /// Computes all sums from the amounts.
    #[inline(never)]
    pub fn renew(&mut self, partials: &Partials) {
        for q in 0..partials.partners.len() {
            self.renew_partner(partials, q);
            let mut sum = 0.0;
            for block in partials.blocks_of(q) {
                for k in 0..WIDTH {
                    sum += block.constants[k] * self.amounts[block.keys[k] as usize].max(0.0);
                }
            }
            self.row(q).sums[q % WIDTH] = sum;
        }
        self.add_up();
        self.age = 0;
        self.least = DROP * self.sums.total;
    }

    #[inline(always)]
    fn renew_partner(&mut self, partials: &Partials, q: usize) {
        let value = partials.partners[q].value(&self.amounts);
        self.row(q).partners[q % WIDTH] = value;
    }

    #[inline(always)]
    fn add_up(&mut self) {
        let below = self.first.below();
        self.sums = Sums { below, total: below[WIDTH - 1] };
        if !self.others.is_empty() {
            self.sums.total = self.add_up_others(self.sums.total);
        }
    }

    #[cold]
    #[inline(never)]
    fn add_up_others(&mut self, first: f64) -> f64 {
        let mut total = first;
        self.totals[0] = total;
        for (r, row) in self.others.iter().enumerate() {
            total += row.below()[WIDTH - 1];
            self.totals[r + 1] = total;
        }
        total
    }

    /// Carries out the reaction at a place. None if an amount would become negative: nothing has changed then.
    #[inline(always)]
    pub fn fire(&mut self, partials: &Partials, place: usize) -> Option<Sums> {
        let jump = &partials.jumps[place];
        // All signs in one number.
        let mut signs = 0;
        for k in 0..CHANGES {
            let amount = &mut self.amounts[jump.slots[k] as usize];
            *amount += jump.changes[k];
            signs |= amount.to_bits();
        }
        if signs >> 63 != 0 {
            self.undo(jump);
            return None;
        }
        if jump.then != NOTHING && !self.fire_more(partials, place) {
            return None;
        }
        self.first.add(&jump.first);
        partials.extras[place].renews.iter().for_each(|&q| self.renew_partner(partials, q));
        self.settle(partials);
        Some(self.sums)
    }

    /// What only some reactions do. False if an amount would become negative: nothing has changed then.
    #[inline(never)]
    fn fire_more(&mut self, partials: &Partials, place: usize) -> bool {
        let extra = &partials.extras[place];
        let mut is_negative = false;
        for &(slot, change) in &extra.changes {
            self.amounts[slot as usize] += change;
            is_negative |= self.amounts[slot as usize] < 0.0;
        }
        if is_negative {
            self.undo(&partials.jumps[place]);
            extra.changes.iter().for_each(|&(slot, change)| self.amounts[slot as usize] -= change);
            return false;
        }
        self.others.iter_mut().zip(&extra.others).for_each(|(row, change)| row.add(change));
        true
    }

    #[cold]
    #[inline(never)]
    fn undo(&mut self, jump: &Jump) {
        for k in 0..CHANGES {
            self.amounts[jump.slots[k] as usize] -= jump.changes[k];
        }
    }

    /// Changes one amount; [`Draws::settle`] then makes the sums anew.
    #[inline(never)]
    pub fn add(&mut self, partials: &Partials, position: usize, change: f64) {
        self.amounts[position & (SLOTS - 1)] += change;
        for &(q, constant) in &partials.key_in[position] {
            self.row(q).sums[q % WIDTH] += constant * change;
        }
        for &q in partials.is_partner[position].iter().chain(&partials.is_factor[position]) {
            self.renew_partner(partials, q);
        }
    }

    /// Makes the sums anew after changes by [`Draws::add`].
    #[inline(never)]
    pub fn settle(&mut self, partials: &Partials) {
        self.add_up();
        self.age += 1;
        // From nothing on, sums are small differences of what they were.
        if self.age >= FRESH || self.sums.total <= self.least || self.least == 0.0 {
            self.renew(partials);
        }
    }

    /// The place of the reaction that two numbers, uniform in (0, 1), choose: the group and the reaction within it. None if
    /// rounding led beyond the last one.
    #[inline(always)]
    pub fn choose(&self, partials: &Partials, sums: &Sums, part: f64, part_within: f64) -> Option<usize> {
        let (mut first, mut row, mut below) = (0, &self.first, sums.below);
        let mut target = part * sums.total;
        if !self.others.is_empty() {
            let r = self.row_of(target);
            if r > 0 {
                (first, row) = (r * WIDTH, self.others.get(r - 1)?);
                below = row.below();
                target -= self.totals[r - 1];
            }
        }
        let k = place(&below, target);
        let group = first + k;
        let target = part_within * row.sums[k];
        match self.choose_in(partials.blocks.get(group)?, target) {
            Ok(k) => Some(group * WIDTH + k),
            Err(beyond) => self.choose_beyond(partials, group, beyond),
        }
    }

    /// The row in which `target` falls.
    #[inline(never)]
    fn row_of(&self, target: f64) -> usize {
        self.totals.iter().filter(|&&total| total <= target).count()
    }

    /// The place of `target` in a block; or how far the target is beyond the block.
    #[inline(always)]
    fn choose_in(&self, block: &Block, target: f64) -> Result<usize, f64> {
        let mut weights = [0.0; WIDTH];
        for k in 0..WIDTH {
            weights[k] = block.constants[k] * self.amounts[block.keys[k] as usize];
        }
        let below = added(weights);
        if target < below[WIDTH - 1] { Ok(place(&below, target)) } else { Err(target - below[WIDTH - 1]) }
    }

    /// The place in the further blocks of a group.
    #[cold]
    #[inline(never)]
    fn choose_beyond(&self, partials: &Partials, group: usize, beyond: f64) -> Option<usize> {
        let mut target = beyond;
        for b in partials.more[group].clone() {
            match self.choose_in(&partials.blocks[b], target) {
                Ok(k) => return Some(b * WIDTH + k),
                Err(beyond) => target = beyond,
            }
        }
        None
    }

    /// The propensity of the reaction at a place, with the amounts that are here.
    pub fn propensity(&self, partials: &Partials, place: usize) -> f64 {
        let (block, k) = (&partials.blocks[place / WIDTH], place % WIDTH);
        let group = partials.group_of[place / WIDTH];
        partials.partners[group].value(&self.amounts) * block.constants[k] * self.amounts[block.keys[k] as usize]
    }
}

impl Row {
    /// Sums of m R over the first one, two, ... groups.
    #[inline(always)]
    fn below(&self) -> [f64; WIDTH] {
        let mut products = self.sums;
        for k in 0..WIDTH {
            products[k] *= self.partners[k];
        }
        added(products)
    }

    #[inline(always)]
    fn add(&mut self, change: &Row) {
        for k in 0..WIDTH {
            self.sums[k] += change.sums[k];
            self.partners[k] += change.partners[k];
        }
    }
}

/// Sums of the first one, two, ... of four numbers: each is that before it where a number is 0.
#[inline(always)]
fn added([a, b, c, d]: [f64; WIDTH]) -> [f64; WIDTH] {
    let ab = a + b;
    [a, ab, ab + c, ab + (c + d)]
}

/// Which of the sums is the first above the target, the last one if none is. Counting instead of looking: which one it is
/// cannot be predicted.
#[inline(always)]
fn place(sums: &[f64; WIDTH], target: f64) -> usize {
    usize::from(sums[0] <= target) + usize::from(sums[1] <= target) + usize::from(sums[2] <= target)
}
