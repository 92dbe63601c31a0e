// Student's t distribution, by which an interval for a mean of few measurements is drawn.
//
// Thread contract: pure functions.
// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4: the distribution in closed form
// for an integer number of degrees of freedom.
#pragma once

namespace spinenet::compare {

// The share of the distribution between -t and t, of t at least 0 and one degree of freedom or more.
double student_t_between(double t, int degrees);

// The t below which the share `probability`, from 0.5 on and below 1, of the distribution lies:
// student_t_quantile(0.975, n) bounds the interval of 95 % on both sides.
double student_t_quantile(double probability, int degrees);

}  // namespace spinenet::compare
