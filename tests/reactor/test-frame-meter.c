/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "belfry-frame-meter.h"

#include <string.h>

#define TEXT         0x1
#define CONTINUATION 0x0
#define CLOSE        0x8
#define PING         0x9
#define LARGEST      65536

/* How the length of a payload is written. */
typedef enum
{
  SHORT,
  IN_16_BITS,
  IN_64_BITS,
} Form;

static void
append (GByteArray *to, guint8 opcode, gboolean fin, gboolean masked, Form form, guint64 length)
{
  static const guint8 payload[LARGEST] = { 0 };
  guint8 header[14] = { (guint8) (opcode | (fin ? 0x80 : 0)) };
  guint n_bytes = form == SHORT ? 0 : form == IN_16_BITS ? 2 : 8;
  guint n = 2 + n_bytes;

  header[1] = form == SHORT ? (guint8) length : form == IN_16_BITS ? 126 : 127;
  for (guint i = 0; i < n_bytes; i++)
    header[2 + i] = (guint8) (length >> (8 * (n_bytes - 1 - i)));
  if (masked)
    {
      /* A key that looks like headers, should it be taken for one. */
      memset (header + n, 0xff, 4);
      header[1] |= 0x80;
      n += 4;
    }
  g_byte_array_append (to, header, n);
  if (length <= LARGEST)
    g_byte_array_append (to, payload, (guint) length);
}

static gboolean
pass (BelfryFrameMeter *meter, const guint8 *bytes, gsize length, gsize max_message)
{
  BelfryFrameFault fault = belfry_frame_meter_pass (meter, bytes, length, max_message);

  g_assert_cmpint (fault, !=, BELFRY_FRAME_FAULT_CONTROL);
  return fault == BELFRY_FRAME_FAULT_NONE;
}

static gboolean
passes (GByteArray *bytes, gsize max_message, guint *n_frames)
{
  BelfryFrameMeter meter = { 0 };
  gboolean result = pass (&meter, bytes->data, bytes->len, max_message);

  if (n_frames != NULL)
    *n_frames = belfry_frame_meter_take_frames (&meter);
  return result;
}

static void
test_lengths_are_read_in_all_three_forms (void)
{
  static const struct
  {
    Form form;
    guint64 length;
  } cases[] = {
    { SHORT, 0 },        { SHORT, 1 },          { SHORT, 125 },        { IN_16_BITS, 0 },
    { IN_16_BITS, 126 }, { IN_16_BITS, 256 },   { IN_16_BITS, 65535 }, { IN_64_BITS, 0 },
    { IN_64_BITS, 126 }, { IN_64_BITS, 65535 }, { IN_64_BITS, 65536 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint masked = 0; masked < 2; masked++)
      {
        g_autoptr (GByteArray) bytes = g_byte_array_new ();
        guint64 length = cases[i].length;
        guint n_frames;

        append (bytes, TEXT, TRUE, masked, cases[i].form, length);
        append (bytes, TEXT, TRUE, masked, SHORT, 0);
        g_assert_true (passes (bytes, length, &n_frames));
        g_assert_cmpuint (n_frames, ==, 2);
        if (length > 0)
          g_assert_false (passes (bytes, length - 1, NULL));
      }
}

static void
test_it_does_not_matter_where_reads_end (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  append (bytes, TEXT, FALSE, TRUE, SHORT, 5);
  append (bytes, PING, TRUE, TRUE, SHORT, 3);
  append (bytes, CONTINUATION, FALSE, FALSE, IN_16_BITS, 130);
  append (bytes, CONTINUATION, TRUE, TRUE, IN_64_BITS, 7);
  append (bytes, TEXT, TRUE, TRUE, SHORT, 0);
  append (bytes, CLOSE, TRUE, TRUE, SHORT, 2);
  for (guint first = 0; first <= bytes->len; first++)
    for (guint second = first; second <= bytes->len; second++)
      {
        BelfryFrameMeter meter = { 0 };

        /* The message has 142 bytes, and the limit is as tight. */
        g_assert_true (pass (&meter, bytes->data, first, 142));
        g_assert_true (pass (&meter, bytes->data + first, second - first, 142));
        g_assert_true (pass (&meter, bytes->data + second, bytes->len - second, 142));
        g_assert_cmpuint (belfry_frame_meter_take_frames (&meter), ==, 6);

        meter = (BelfryFrameMeter){ 0 };
        g_assert_false (pass (&meter, bytes->data, first, 141)
                        && pass (&meter, bytes->data + first, second - first, 141)
                        && pass (&meter, bytes->data + second, bytes->len - second, 141));
      }
}

static void
test_fragments_are_summed_up_to_the_end_of_their_message (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (guint i = 0; i < 3; i++)
    {
      append (bytes, TEXT, FALSE, TRUE, SHORT, 50);
      append (bytes, CONTINUATION, FALSE, TRUE, SHORT, 0);
      append (bytes, CONTINUATION, TRUE, TRUE, SHORT, 50);
    }
  g_assert_true (passes (bytes, 100, NULL));

  append (bytes, TEXT, FALSE, TRUE, SHORT, 50);
  append (bytes, CONTINUATION, FALSE, TRUE, SHORT, 51);
  g_assert_false (passes (bytes, 100, NULL));
}

static void
test_control_frames_between_fragments_do_not_count (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint n_frames;

  append (bytes, TEXT, FALSE, TRUE, SHORT, 60);
  for (guint i = 0; i < 10; i++)
    append (bytes, PING, TRUE, TRUE, SHORT, 50);
  append (bytes, CONTINUATION, TRUE, TRUE, SHORT, 40);
  g_assert_true (passes (bytes, 100, &n_frames));
  g_assert_cmpuint (n_frames, ==, 12);
  /* The message is not forgotten over them. */
  g_assert_false (passes (bytes, 99, NULL));
}

static void
test_a_length_beyond_all_bounds_is_refused_by_its_header (void)
{
  static const guint64 lengths[] = { LARGEST + 1, G_MAXUINT32, G_MAXINT64, G_MAXUINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();

      append (bytes, TEXT, FALSE, TRUE, SHORT, 1);
      append (bytes, CONTINUATION, TRUE, TRUE, IN_64_BITS, lengths[i]);
      g_assert_false (passes (bytes, LARGEST, NULL));
    }
}

static void
test_a_control_frame_has_125_bytes_at_most (void)
{
  static const guint8 opcodes[] = { CLOSE, PING };

  for (guint i = 0; i < G_N_ELEMENTS (opcodes); i++)
    {
      BelfryFrameMeter meter = { 0 };
      g_autoptr (GByteArray) bytes = g_byte_array_new ();

      append (bytes, opcodes[i], TRUE, TRUE, SHORT, 125);
      g_assert_true (passes (bytes, LARGEST, NULL));
      append (bytes, opcodes[i], TRUE, TRUE, IN_16_BITS, 126);
      g_assert_cmpint (belfry_frame_meter_pass (&meter, bytes->data, bytes->len, LARGEST), ==,
                       BELFRY_FRAME_FAULT_CONTROL);
    }
}

static void
test_frames_are_counted_once (void)
{
  BelfryFrameMeter meter = { 0 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  append (bytes, TEXT, TRUE, TRUE, SHORT, 0);
  append (bytes, PING, TRUE, TRUE, SHORT, 0);
  g_assert_true (pass (&meter, bytes->data, bytes->len - 1, LARGEST));
  g_assert_cmpuint (belfry_frame_meter_take_frames (&meter), ==, 1);
  g_assert_true (pass (&meter, bytes->data + bytes->len - 1, 1, LARGEST));
  g_assert_cmpuint (belfry_frame_meter_take_frames (&meter), ==, 1);
  g_assert_cmpuint (belfry_frame_meter_take_frames (&meter), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add_func ("/frame-meter/" path, func)
  ADD ("lengths-are-read-in-all-three-forms", test_lengths_are_read_in_all_three_forms);
  ADD ("it-does-not-matter-where-reads-end", test_it_does_not_matter_where_reads_end);
  ADD ("fragments-are-summed-up-to-the-end-of-their-message",
       test_fragments_are_summed_up_to_the_end_of_their_message);
  ADD ("control-frames-between-fragments-do-not-count",
       test_control_frames_between_fragments_do_not_count);
  ADD ("a-length-beyond-all-bounds-is-refused-by-its-header",
       test_a_length_beyond_all_bounds_is_refused_by_its_header);
  ADD ("a-control-frame-has-125-bytes-at-most", test_a_control_frame_has_125_bytes_at_most);
  ADD ("frames-are-counted-once", test_frames_are_counted_once);
  return g_test_run ();
}
