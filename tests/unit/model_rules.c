// The model's rules: from what is known of points to conditions.
#include "tests/unit/model.h"

#define SAMPLES 2048 // of the last few minutes, every one of them
#define MINUTE  (60 * S)

struct model_alarm model_alarms[ALARMS];
struct model_point model_points[POINTS];
uint64_t model_now;

static struct {
    struct {
        uint64_t at_ns;
        int32_t value;
    } samples[SAMPLES];
    size_t n;
} logs[POINTS][QUANTITY_CONTACT];
static uint64_t started_ns;

enum verdict { NOTHING_KNOWN, SPEAKS_AGAINST, SPEAKS_FOR_NEITHER, SPEAKS_FOR };

static enum verdict verdict(bool in_favour, bool against)
{
    return in_favour ? SPEAKS_FOR : against ? SPEAKS_AGAINST : SPEAKS_FOR_NEITHER;
}

// ---- Chattering

void model_change(struct model_chatter *m)
{
    memmove(m->changed_ns + 1, m->changed_ns, sizeof m->changed_ns - sizeof m->changed_ns[0]);
    m->changed_ns[0] = model_now;
    m->changes++;
    if (!m->held && m->changes >= 6 && model_now - m->changed_ns[5] <= 60 * S) {
        m->held = true;
        m->changes = 6; // those before are not of it
    }
}

static uint64_t quiet_in(const struct model_chatter *m)
{
    return m->held ? m->changed_ns[0] + 60 * S - model_now : UINT64_MAX;
}

static bool has_gone_quiet(struct model_chatter *m)
{
    bool quiet = quiet_in(m) == 0;
    if (quiet) {
        m->held = false;
        m->changes = 0;
    }
    return quiet;
}

// ---- Points

bool model_good(size_t p, enum quantity q)
{
    return model_points[p].told == TROUBLE_NONE && !model_points[p].bad[q];
}

static bool has_good(size_t p, enum quantity q)
{
    return model_points[p].has[q] && model_good(p, q);
}

enum trouble model_trouble(size_t p)
{
    bool any = false;
    for (unsigned q = 0; q < QUANTITY_COUNT; q++) {
        any |= model_points[p].bad[q];
    }
    return model_points[p].told != TROUBLE_NONE ? model_points[p].told
           : any                                ? TROUBLE_IMPLAUSIBLE
                                                : TROUBLE_NONE;
}

static uint64_t patience(size_t p)
{
    return house_points[p].stale_ns + (model_points[p].known ? 0 : house_points[p].warm_up_ns);
}

bool model_stale(size_t p)
{
    return polled(p) && model_now - model_points[p].last_ns >= patience(p);
}

void model_pass_point(size_t p)
{
    struct model_point *m = &model_points[p];
    (void)has_gone_quiet(&m->chatter);
    if (m->told == TROUBLE_NONE && model_stale(p)) {
        m->told = TROUBLE_STALE;
    }
}

// ---- Windows: from all samples

static void gather_window(size_t a)
{
    const struct core_alarm *alarm = &house_alarms[a];
    struct model_alarm *m = &model_alarms[a];
    size_t n = logs[alarm->point][alarm->quantity].n;
    uint64_t newest = started_ns;
    if (n > 0) {
        newest = logs[alarm->point][alarm->quantity].samples[n - 1].at_ns;
    }
    int64_t total = 0;
    m->filled = 0;
    for (uint64_t ago = 1; ago <= alarm->window_ns / MINUTE && ago <= newest / MINUTE; ago++) {
        int64_t sum = 0, count = 0;
        for (size_t i = 0; i < n; i++) {
            if (logs[alarm->point][alarm->quantity].samples[i].at_ns / MINUTE == newest / MINUTE - ago) {
                sum += logs[alarm->point][alarm->quantity].samples[i].value;
                count++;
            }
        }
        if (count == 0) {
            continue;
        }
        int32_t mean = (int32_t)((2 * sum + (sum < 0 ? -count : count)) / (2 * count));
        m->lowest = m->filled == 0 || mean < m->lowest ? mean : m->lowest;
        m->highest = m->filled == 0 || mean > m->highest ? mean : m->highest;
        m->filled++;
        total += mean;
    }
    int64_t filled = (int64_t)m->filled;
    m->mean = filled ? (int32_t)((2 * total + (total < 0 ? -filled : filled)) / (2 * filled)) : 0;
}

static void take_sample(size_t p, enum quantity q, int32_t value)
{
    size_t n = logs[p][q].n, old = 0;
    while (old < n && model_now - logs[p][q].samples[old].at_ns > 10 * MINUTE) {
        old++;
    }
    memmove(logs[p][q].samples, logs[p][q].samples + old, (n - old) * sizeof logs[p][q].samples[0]);
    n -= old;
    CHECK(n < SAMPLES);
    logs[p][q].samples[n].at_ns = model_now;
    logs[p][q].samples[n].value = value;
    logs[p][q].n = n + 1;
}

// ---- UNCHANGED

static void take_same(struct model_alarm *m, int32_t value)
{
    if (m->equal == 0 || m->value != value) {
        m->differed = m->seen && m->value != value;
        m->equal = 0;
        m->first_ns = model_now;
    }
    m->seen = true;
    m->value = value;
    m->equal++;
    m->last_ns = model_now;
}

static enum verdict unchanged(size_t a)
{
    struct model_alarm *m = &model_alarms[a];
    if (m->equal == 0) {
        return NOTHING_KNOWN;
    }
    return verdict(m->equal >= 10 && m->last_ns - m->first_ns >= house_alarms[a].window_ns, m->differed);
}

// ---- Verdicts

static enum verdict limit(const struct core_alarm *alarm, int64_t value)
{
    int64_t over = alarm->above ? value - alarm->threshold : alarm->threshold - value;
    return verdict(over > 0, -over >= alarm->deadband);
}

static enum verdict rise(size_t a)
{
    const struct core_alarm *alarm = &house_alarms[a];
    const struct model_alarm *m = &model_alarms[a];
    if (m->filled < 2) {
        return NOTHING_KNOWN;
    }
    int64_t last = model_points[alarm->point].value[alarm->quantity];
    int64_t by = alarm->above ? last - m->lowest : m->highest - last;
    return verdict(by >= alarm->threshold, by <= alarm->threshold - alarm->deadband && by < alarm->threshold);
}

static enum verdict apart(const struct core_alarm *alarm)
{
    int64_t one = model_points[alarm->point].value[alarm->quantity];
    int64_t other = model_points[alarm->other_point].value[alarm->quantity];
    int64_t by = one > other ? one - other : other - one;
    return has_good(alarm->other_point, alarm->quantity)
               ? verdict(by > alarm->threshold, by <= alarm->threshold - alarm->deadband)
               : NOTHING_KNOWN;
}

static enum verdict contact(size_t p)
{
    const struct model_point *m = &model_points[p];
    bool active = m->has[QUANTITY_CONTACT] && m->value[QUANTITY_CONTACT] != 0;
    bool known = active || has_good(p, QUANTITY_CONTACT);
    return known ? verdict(active, !active) : NOTHING_KNOWN;
}

static bool out_of_service(const struct core_member *member)
{
    return member->contact ? model_points[member->index].isolated_ns != 0 : model_isolated(member->index);
}

static enum verdict combination(const struct core_alarm *alarm)
{
    size_t certain = 0, possible = 0;
    for (size_t i = 0; i < alarm->n_members; i++) {
        const struct core_member *member = &house_members[alarm->first_member + i];
        bool met, unknown;
        if (member->contact) {
            met = contact(member->index) == SPEAKS_FOR;
            unknown = contact(member->index) == NOTHING_KNOWN;
        } else {
            met = model_met(member->index);
            unknown = model_alarms[member->index].unknown;
        }
        certain += met && !out_of_service(member);
        possible += (met || unknown) && !out_of_service(member);
    }
    if (certain < alarm->at_least && possible >= alarm->at_least) {
        return NOTHING_KNOWN;
    }
    return verdict(certain >= alarm->at_least, true);
}

static uint64_t longest_wait(const struct core_alarm *alarm)
{
    uint64_t longest = 0;
    for (size_t i = 0; i < alarm->n_members; i++) {
        const struct model_alarm *m = &model_alarms[house_members[alarm->first_member + i].index];
        longest = m->waits && m->waited_ns >= longest ? m->waited_ns + 1 : longest;
    }
    return longest; // and 1; 0: none waits
}

static enum verdict confirmation(size_t a)
{
    const struct core_alarm *alarm = &house_alarms[a];
    size_t standing = 0, able = 0;
    for (size_t i = 0; i < alarm->n_members; i++) {
        const struct core_member *member = &house_members[alarm->first_member + i];
        struct model_alarm *m = &model_alarms[member->index];
        bool waits = model_unanswered(member->index);
        m->waited_ns = waits && m->waits ? m->waited_ns : 0;
        m->waits = waits;
        standing += m->stands && !out_of_service(member);
        able += model_trouble(house_alarms[member->index].point) == TROUBLE_NONE && !out_of_service(member);
    }
    bool enough = standing > 0 && (standing >= alarm->at_least || standing >= able);
    bool long_enough = !model_alarms[a].rule && longest_wait(alarm) > alarm->prealarm_ns;
    return verdict(enough || long_enough, standing == 0);
}

static bool of_values(enum core_alarm_kind kind)
{
    return kind == CORE_ALARM_THRESHOLD || kind == CORE_ALARM_MEAN || kind == CORE_ALARM_RISE ||
           kind == CORE_ALARM_UNCHANGED || kind == CORE_ALARM_APART;
}

static enum verdict look(size_t a)
{
    const struct core_alarm *alarm = &house_alarms[a];
    const struct model_alarm *m = &model_alarms[a];
    if (of_values(alarm->kind) && !has_good(alarm->point, alarm->quantity)) {
        return NOTHING_KNOWN;
    }
    switch (alarm->kind) {
    case CORE_ALARM_CONTACT:
        return contact(alarm->point);
    case CORE_ALARM_THRESHOLD:
        return limit(alarm, model_points[alarm->point].value[alarm->quantity]);
    case CORE_ALARM_MEAN:
        return m->filled && 100 * m->filled >= 75 * (alarm->window_ns / MINUTE) ? limit(alarm, m->mean)
                                                                                : NOTHING_KNOWN;
    case CORE_ALARM_RISE:
        return rise(a);
    case CORE_ALARM_UNCHANGED:
        return unchanged(a);
    case CORE_ALARM_APART:
        return apart(alarm);
    case CORE_ALARM_COMBINATION:
        return combination(alarm);
    case CORE_ALARM_CONFIRM:
        return confirmation(a);
    case CORE_ALARM_TROUBLE:
        return verdict(model_trouble(alarm->point) != TROUBLE_NONE, true);
    case CORE_ALARM_FLOOR:
    case CORE_ALARM_ISOLATED:
    case CORE_ALARM_KIND_COUNT:
        break;
    }
    return NOTHING_KNOWN;
}

// ---- Delays, counted up

static uint64_t whole(size_t a, bool off)
{
    return off ? house_alarms[a].off_delay_ns : house_alarms[a].on_delay_ns;
}

static bool runs_out(size_t a)
{
    const struct model_delay *delay = &model_alarms[a].delay;
    return delay->counts && !delay->paused && delay->counted_ns >= whole(a, delay->off);
}

static void turn(size_t a)
{
    struct model_alarm *m = &model_alarms[a];
    m->rule = !m->rule;
    m->delay = (struct model_delay){ .counts = false };
    model_change(&m->chatter);
}

static bool turns(size_t a, enum verdict said, bool fresh)
{
    struct model_alarm *m = &model_alarms[a];
    struct model_delay *delay = &m->delay;
    if (said == NOTHING_KNOWN) {
        delay->paused = delay->counts;
        return false;
    }
    bool for_change = said == (m->rule ? SPEAKS_AGAINST : SPEAKS_FOR);
    if (!for_change || (delay->counts && delay->off != m->rule)) {
        *delay = (struct model_delay){ .counts = false };
    }
    if (!for_change || (delay->paused && !fresh)) {
        return false;
    }
    delay->counts = true;
    delay->paused = false;
    delay->off = m->rule;
    return runs_out(a);
}

bool model_judge(size_t a, bool fresh)
{
    const struct core_alarm *alarm = &house_alarms[a];
    struct model_alarm *m = &model_alarms[a];
    if (alarm->kind == CORE_ALARM_ISOLATED) {
        m->rule = model_points[alarm->point].isolated_ns != 0;
        return false;
    }
    if (has_gone_quiet(&m->chatter)) {
        return true;
    }
    if (runs_out(a)) {
        turn(a);
        return true;
    }
    if (alarm->kind == CORE_ALARM_UNCHANGED && !model_good(alarm->point, alarm->quantity)) {
        m->equal = 0;
        m->differed = false;
    }
    enum verdict said = look(a);
    m->unknown = said == NOTHING_KNOWN;
    bool at_once = alarm->kind == CORE_ALARM_CONFIRM && !m->rule;
    if (at_once) {
        m->delay = (struct model_delay){ .counts = false };
    }
    if (at_once ? said == SPEAKS_FOR : turns(a, said, fresh || !of_values(alarm->kind))) {
        turn(a);
    }
    return false;
}

bool model_met(size_t a)
{
    return model_alarms[a].rule || model_alarms[a].chatter.held;
}

// ---- Inputs and time

void model_reading(size_t p, enum quantity q, int32_t value)
{
    struct model_point *m = &model_points[p];
    if (value < quantities[q].min || value > quantities[q].max) {
        m->bad[q] = true;
        return;
    }
    bool door = house_points[p].role == ROLE_DOOR || house_points[p].role == ROLE_WINDOW;
    if (door && value != m->value[q]) {
        model_change(&m->chatter);
    }
    m->known = m->has[q] = true;
    m->bad[q] = false;
    m->value[q] = value;
    m->last_ns = model_now;
    if (!house_points[p].contact || m->told == TROUBLE_STALE) {
        m->told = TROUBLE_NONE;
    }
    if (q != QUANTITY_CONTACT) {
        take_sample(p, q, value);
    }
    for (size_t a = 0; a < house.n_alarms; a++) {
        if (house_alarms[a].point != p || house_alarms[a].quantity != q) {
            continue;
        }
        if (house_alarms[a].kind == CORE_ALARM_MEAN || house_alarms[a].kind == CORE_ALARM_RISE) {
            gather_window(a);
        } else if (house_alarms[a].kind == CORE_ALARM_UNCHANGED) {
            take_same(&model_alarms[a], value);
        }
    }
}

static void sooner(uint64_t *next, uint64_t in_ns)
{
    *next = in_ns < *next ? in_ns : *next;
}

static uint64_t alarm_next_ns(size_t a)
{
    const struct model_alarm *m = &model_alarms[a];
    uint64_t next = quiet_in(&m->chatter);
    if (m->delay.counts && !m->delay.paused) {
        uint64_t all = whole(a, m->delay.off);
        sooner(&next, all > m->delay.counted_ns ? all - m->delay.counted_ns : 0);
    }
    if (house_alarms[a].kind == CORE_ALARM_CONFIRM && !m->rule && longest_wait(&house_alarms[a])) {
        uint64_t waited = longest_wait(&house_alarms[a]) - 1;
        sooner(&next, house_alarms[a].prealarm_ns > waited ? house_alarms[a].prealarm_ns - waited : 0);
    }
    return next;
}

uint64_t model_room_next(size_t r)
{
    uint64_t next = UINT64_MAX;
    for (size_t p = r * PER_ROOM; p < POINTS && house_points[p].room_index == r; p++) {
        sooner(&next, quiet_in(&model_points[p].chatter));
        if (polled(p) && model_points[p].told == TROUBLE_NONE) {
            sooner(&next, model_points[p].last_ns + patience(p) - model_now);
        }
    }
    for (size_t a = 0; a < house.n_alarms; a++) {
        if (house_alarms[a].room_index == r) {
            sooner(&next, alarm_next_ns(a));
        }
    }
    return next;
}

void model_count(uint64_t ns)
{
    model_now += ns;
    for (size_t a = 0; a < house.n_alarms; a++) {
        struct model_alarm *m = &model_alarms[a];
        m->delay.counted_ns += m->delay.counts && !m->delay.paused ? ns : 0;
        m->waited_ns += m->waits ? ns : 0;
    }
}

// ---- Restarts

// What the records keep of a delay. A detector's wait is kept as that of what it would confirm.
void model_keep_delays(void)
{
    for (size_t a = 0; a < house.n_alarms; a++) {
        struct model_alarm *m = &model_alarms[a];
        m->kept_delay = m->delay;
        uint64_t wait =
            house_alarms[a].kind == CORE_ALARM_CONFIRM && !m->rule ? longest_wait(&house_alarms[a]) : 0;
        if (wait) {
            m->kept_delay = (struct model_delay){ .counts = true, .counted_ns = wait - 1 };
        }
    }
}

static void carry_waits(size_t a)
{
    const struct model_delay *kept = &model_alarms[a].kept_delay;
    for (size_t i = 0; i < house_alarms[a].n_members; i++) {
        size_t detector = house_members[house_alarms[a].first_member + i].index;
        struct model_alarm *m = &model_alarms[detector];
        m->waits = model_unanswered(detector);
        m->waited_ns = m->waits && kept->counts && !kept->off ? kept->counted_ns : 0;
    }
}

// Behind the states.
void model_rules_restart(void)
{
    memset(logs, 0, sizeof logs);
    started_ns = model_now;
    for (size_t p = 0; p < POINTS; p++) {
        struct model_point *m = &model_points[p];
        struct model_point fresh = { .last_ns = model_now,
                                     .isolated_ns = m->isolated_ns,
                                     .isolated_wall_ms = m->isolated_wall_ms,
                                     .moved = m->moved,
                                     .kept = m->kept };
        *m = fresh;
    }
    for (size_t a = 0; a < house.n_alarms; a++) {
        struct model_alarm *m = &model_alarms[a];
        bool met = m->kept_met || m->holds;
        m->rule = house_alarms[a].kind == CORE_ALARM_ISOLATED
                      ? model_points[house_alarms[a].point].isolated_ns != 0
                      : met;
        m->unknown = true;
        m->chatter = (struct model_chatter){ .held = false };
        m->waits = m->seen = m->differed = false;
        m->equal = 0;
        m->filled = 0;
        m->delay = m->kept_delay;
        m->delay.paused = m->delay.counts;
        if (house_alarms[a].kind == CORE_ALARM_TROUBLE && m->rule) {
            model_points[house_alarms[a].point].told = TROUBLE_STALE;
        }
    }
    for (size_t a = 0; a < house.n_alarms; a++) {
        if (house_alarms[a].kind == CORE_ALARM_CONFIRM) {
            carry_waits(a);
        }
    }
}
