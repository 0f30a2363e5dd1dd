/* SPDX-FileCopyrightText: The Belfry developers
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* RFC 6455, section 5, rule by rule. Each input is given whole, split in two at every byte, and one
 * byte at a time: what comes out must not depend on that. */

#include <string.h>

#include "belfry-frame-reader.h"

#define LIMIT 65536

#define FIN          0x80
#define CONTINUATION 0x0
#define TEXT         0x1
#define BINARY       0x2
#define CLOSE        0x8
#define PING         0x9
#define PONG         0xa

/* Longer payloads are logged by their length and sum. */
#define SHORT 40

typedef struct
{
  BelfryFrameReader reader;
  GString *log;
  gboolean failed;
} Bench;

static void
log_payload (GString *log, const guint8 *payload, gsize length)
{
  g_autofree char *sum = NULL;

  if (length <= SHORT)
    g_string_append_len (log, (const char *) payload, (gssize) length);
  else
    {
      sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, payload, length);
      g_string_append_printf (log, "%" G_GSIZE_FORMAT ",%s", length, sum);
    }
}

static void
log_frame (GString *log, BelfryFrameKind kind, const BelfryFrame *frame)
{
  static const char *const names[] = { "none", "part", "text",  "binary",
                                       "ping", "pong", "close", "fault" };

  g_string_append_printf (log, "%s ", names[kind]);
  if (kind == BELFRY_FRAME_CLOSE || kind == BELFRY_FRAME_FAULT)
    g_string_append_printf (log, "%u ", frame->close_code);
  if (kind != BELFRY_FRAME_FAULT && kind != BELFRY_FRAME_PART)
    log_payload (log, frame->payload, frame->length);
  g_string_append_c (log, ';');
}

/* The piece is a copy of its own, so that the sanitizers see a read beyond it. */
static void
feed (Bench *bench, const guint8 *piece, gsize length)
{
  g_autofree guint8 *copy = g_memdup2 (piece, length);
  guint8 *bytes = copy;
  BelfryFrameKind kind;
  BelfryFrame frame;

  if (bench->failed || length == 0)
    return;
  while ((kind = belfry_frame_reader_next (&bench->reader, &bytes, &length, LIMIT, &frame))
         != BELFRY_FRAME_NONE)
    {
      log_frame (bench->log, kind, &frame);
      bench->failed = kind == BELFRY_FRAME_FAULT;
      if (bench->failed)
        return;
    }
  g_assert_cmpuint (length, ==, 0);
}

static void
bench_begin (Bench *bench)
{
  *bench = (Bench){ .log = g_string_new (NULL) };
}

/* Returns: (transfer full): what has come out */
static GString *
bench_end (Bench *bench)
{
  belfry_frame_reader_clear (&bench->reader);
  return bench->log;
}

static void
assert_log (GString *log, const char *expected, gsize length)
{
  if (log->len != length || memcmp (log->str, expected, length) != 0)
    g_error ("Expected \"%s\", got \"%s\"", expected, log->str);
  g_string_free (log, TRUE);
}

static void
assert_split (GByteArray *input, gsize cut, const char *expected, gsize length)
{
  Bench bench;

  bench_begin (&bench);
  feed (&bench, input->data, cut);
  feed (&bench, input->data + cut, input->len - cut);
  assert_log (bench_end (&bench), expected, length);
}

static void
assert_reads_as_len (GByteArray *input, const char *expected, gsize length)
{
  Bench bench;

  /* Long inputs are cut where their headers are, and at their end. */
  for (gsize cut = 0; cut <= input->len; cut++)
    if (input->len <= 1000 || cut < 300 || cut > input->len - 300)
      assert_split (input, cut, expected, length);
  bench_begin (&bench);
  for (gsize i = 0; i < input->len; i++)
    feed (&bench, input->data + i, 1);
  assert_log (bench_end (&bench), expected, length);
}

/* Takes @input over. */
static void
assert_reads_as (GByteArray *input, const char *expected)
{
  assert_reads_as_len (input, expected, strlen (expected));
  g_byte_array_unref (input);
}

/* Appends a header with a length of @form bytes: 1, 3 or 9. */
static void
append_header (GByteArray *to, guint8 first, guint64 length, guint form)
{
  guint8 header[10] = { first, (guint8) (0x80 | (form == 1 ? length : form == 3 ? 126 : 127)) };
  guint n = form - 1;

  for (guint i = 0; i < n; i++)
    header[2 + i] = (guint8) (length >> (8 * (n - 1 - i)));
  g_byte_array_append (to, header, 2 + n);
}

static void
append_masked (GByteArray *to, const guint8 *payload, gsize length)
{
  static const guint8 mask[4] = { 0x37, 0xfa, 0x00, 0xff };

  g_byte_array_append (to, mask, sizeof mask);
  for (gsize i = 0; i < length; i++)
    {
      guint8 byte = payload[i] ^ mask[i % 4];

      g_byte_array_append (to, &byte, 1);
    }
}

static void
append_frame (GByteArray *to, guint8 first, const void *payload, gsize length)
{
  append_header (to, first, length, length < 126 ? 1 : length < 65536 ? 3 : 9);
  append_masked (to, payload, length);
}

/* One frame of text. Returns: @to, or a new array for NULL */
static GByteArray *
frame (GByteArray *to, guint8 first, const char *payload)
{
  if (to == NULL)
    to = g_byte_array_new ();
  append_frame (to, first, payload, strlen (payload));
  return to;
}

static void
test_messages_are_given_out_unmasked (void)
{
  assert_reads_as (frame (NULL, FIN | TEXT, "hello"), "text hello;");
  assert_reads_as (frame (NULL, FIN | TEXT, ""), "text ;");
  assert_reads_as (frame (frame (NULL, FIN | BINARY, "\xff\xfe"), FIN | TEXT, "two, more than 8"),
                   "binary \xff\xfe;text two, more than 8;");
}

static void
test_lengths_may_be_longer_than_they_need (void)
{
  static const guint forms[] = { 1, 3, 9 };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      GByteArray *input = g_byte_array_new ();

      append_header (input, FIN | TEXT, 3, forms[i]);
      append_masked (input, (const guint8 *) "abc", 3);
      assert_reads_as (frame (input, FIN | PING, "x"), "text abc;ping x;");
    }
}

static void
test_lengths_are_read_in_all_three_forms (void)
{
  static const gsize lengths[] = { 125, 126, 127, 255, 256, 65535, 65536 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *text = g_strnfill (lengths[i], 'x');
      g_autoptr (GString) expected = g_string_new ("text ");

      log_payload (expected, (const guint8 *) text, lengths[i]);
      g_string_append (expected, ";pong ;");
      assert_reads_as (frame (frame (NULL, FIN | TEXT, text), FIN | PONG, ""), expected->str);
    }
}

static void
test_fragments_are_put_together (void)
{
  GByteArray *input = frame (frame (NULL, TEXT, "one "), CONTINUATION, "two ");

  input = frame (frame (input, FIN | CONTINUATION, "three"), FIN | TEXT, "next");
  assert_reads_as (input, "part ;part ;text one two three;text next;");
  input = frame (frame (NULL, BINARY, ""), CONTINUATION, "");
  assert_reads_as (frame (input, FIN | CONTINUATION, ""), "part ;part ;binary ;");
  input = frame (frame (NULL, TEXT, ""), CONTINUATION, "late");
  assert_reads_as (frame (input, FIN | CONTINUATION, ""), "part ;part ;text late;");
}

static void
test_control_frames_may_stand_between_fragments (void)
{
  GByteArray *input = frame (frame (NULL, TEXT, "one "), FIN | PING, "p1");

  input = frame (frame (input, FIN | PONG, ""), CONTINUATION, "two ");
  input = frame (frame (input, FIN | PING, "p2"), FIN | CONTINUATION, "three");
  assert_reads_as (input, "part ;ping p1;pong ;part ;ping p2;text one two three;");
  /* And a Close may, too: the message then never ends. */
  assert_reads_as (frame (frame (NULL, TEXT, "one "), FIN | CLOSE, "\x03\xe8 bye"),
                   "part ;close 1000 \x03\xe8 bye;");
}

static void
test_a_frame_that_is_not_masked_is_a_protocol_error (void)
{
  static const guint8 firsts[] = { FIN | TEXT, FIN | PING, TEXT };

  for (guint i = 0; i < G_N_ELEMENTS (firsts); i++)
    for (guint8 length = 0; length < 128; length = length == 0 ? 5 : length + 61)
      {
        const guint8 bytes[] = { firsts[i], length, 'h', 'e', 'l', 'l', 'o' };
        GByteArray *input = g_byte_array_new ();

        g_byte_array_append (input, bytes, sizeof bytes);
        assert_reads_as (input, "fault 1002 ;");
      }
}

static void
test_reserved_bits_and_opcodes_are_protocol_errors (void)
{
  for (guint8 bit = 0x10; bit < 0x80; bit <<= 1)
    {
      assert_reads_as (frame (NULL, FIN | bit | TEXT, "x"), "fault 1002 ;");
      assert_reads_as (frame (NULL, FIN | bit | PING, "x"), "fault 1002 ;");
    }
  for (guint8 opcode = 0; opcode < 16; opcode++)
    if ((opcode >= 3 && opcode <= 7) || opcode >= 0xb)
      {
        assert_reads_as (frame (NULL, FIN | opcode, "x"), "fault 1002 ;");
        assert_reads_as (frame (frame (NULL, TEXT, "x"), opcode, "x"), "part ;fault 1002 ;");
      }
}

static void
test_fragments_in_the_wrong_place_are_protocol_errors (void)
{
  assert_reads_as (frame (NULL, FIN | CONTINUATION, "x"), "fault 1002 ;");
  assert_reads_as (frame (NULL, CONTINUATION, "x"), "fault 1002 ;");
  assert_reads_as (frame (frame (NULL, FIN | TEXT, "x"), FIN | CONTINUATION, "x"),
                   "text x;fault 1002 ;");
  assert_reads_as (frame (frame (NULL, TEXT, "x"), FIN | TEXT, "x"), "part ;fault 1002 ;");
  assert_reads_as (frame (frame (NULL, TEXT, ""), BINARY, "x"), "part ;fault 1002 ;");
}

static void
test_control_frames_are_short_and_whole (void)
{
  g_autofree char *most = g_strnfill (125, 'x');
  g_autofree char *more = g_strnfill (126, 'x');
  g_autoptr (GString) expected = g_string_new ("ping ");

  log_payload (expected, (const guint8 *) most, 125);
  g_string_append_c (expected, ';');
  assert_reads_as (frame (NULL, FIN | PING, most), expected->str);
  for (guint8 opcode = CLOSE; opcode <= PONG; opcode++)
    {
      assert_reads_as (frame (NULL, FIN | opcode, more), "fault 1002 ;");
      assert_reads_as (frame (NULL, opcode, "xx"), "fault 1002 ;");
    }
}

static void
test_text_is_valid_utf_8 (void)
{
  static const char *const bad[] = {
    "\xff",     "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
    "\xe2\x82", "abc\x80",  "\xf0\x9f\x92", "\xc3(",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      assert_reads_as (frame (NULL, FIN | TEXT, bad[i]), "fault 1007 ;");
      assert_reads_as (frame (frame (NULL, TEXT, "x"), FIN | CONTINUATION, bad[i]),
                       "part ;fault 1007 ;");
    }
  assert_reads_as (frame (NULL, FIN | TEXT, "\xf0\x9f\x94\x94 \xc3\xbc"),
                   "text \xf0\x9f\x94\x94 \xc3\xbc;");
  /* A character may begin in one fragment and end in the next. */
  assert_reads_as (frame (frame (NULL, TEXT, "\xf0\x9f"), FIN | CONTINUATION, "\x94\x94"),
                   "part ;text \xf0\x9f\x94\x94;");
}

static void
test_a_nul_is_a_character (void)
{
  GByteArray *input = g_byte_array_new ();

  append_frame (input, FIN | TEXT, "a\0\0b", 4);
  assert_reads_as_len (input, "text a\0\0b;", 10);
  g_byte_array_set_size (input, 0);
  append_frame (input, FIN | TEXT, "a\0\xff", 3);
  assert_reads_as (input, "fault 1007 ;");
}

static void
test_a_message_over_the_limit_is_refused_by_its_header (void)
{
  static const guint64 lengths[] = { LIMIT + 1, G_GUINT64_CONSTANT (1) << 40, G_MAXINT64,
                                     G_MAXUINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      GByteArray *input = g_byte_array_new ();

      append_header (input, FIN | BINARY, lengths[i], 9);
      append_masked (input, NULL, 0);
      assert_reads_as (input, "fault 1009 ;");
      /* Nothing is too large that cannot be added up. */
      input = frame (NULL, TEXT, "x");
      append_header (input, CONTINUATION, lengths[i] - 1, 9);
      append_masked (input, NULL, 0);
      assert_reads_as (input, "part ;fault 1009 ;");
    }
}

static void
test_fragments_count_together_against_the_limit (void)
{
  g_autofree char *half = g_strnfill (LIMIT / 2, 'x');
  g_autofree char *all = g_strnfill (LIMIT, 'x');
  g_autoptr (GString) expected = g_string_new ("part ;part ;text ");
  GByteArray *input = frame (frame (NULL, TEXT, half), CONTINUATION, half);

  log_payload (expected, (const guint8 *) all, LIMIT);
  g_string_append (expected, ";text next;");
  input = frame (frame (input, FIN | CONTINUATION, ""), FIN | TEXT, "next");
  assert_reads_as (input, expected->str);
  input = frame (frame (NULL, TEXT, half), CONTINUATION, half);
  assert_reads_as (frame (input, FIN | CONTINUATION, "x"), "part ;part ;fault 1009 ;");
}

static void
test_a_close_has_a_code_that_may_be_sent (void)
{
  static const guint good[] = { 1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999 };
  static const guint bad[] = { 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535 };

  assert_reads_as (frame (NULL, FIN | CLOSE, ""), "close 1005 ;");
  assert_reads_as (frame (NULL, FIN | CLOSE, "x"), "fault 1002 ;");
  assert_reads_as (frame (NULL, FIN | CLOSE, "\x03\xe8\xff"), "fault 1007 ;");
  for (guint i = 0; i < G_N_ELEMENTS (good) + G_N_ELEMENTS (bad); i++)
    {
      gboolean is_good = i < G_N_ELEMENTS (good);
      guint code = is_good ? good[i] : bad[i - G_N_ELEMENTS (good)];
      const guint8 payload[] = { (guint8) (code >> 8), (guint8) code, 'x' };
      g_autoptr (GByteArray) input = g_byte_array_new ();
      g_autoptr (GString) expected = g_string_new (NULL);

      append_frame (input, FIN | CLOSE, payload, sizeof payload);
      if (is_good)
        {
          g_string_append_printf (expected, "close %u ", code);
          g_string_append_len (expected, (const char *) payload, sizeof payload);
          g_string_append_c (expected, ';');
        }
      else
        g_string_append (expected, "fault 1002 ;");
      assert_reads_as_len (input, expected->str, expected->len);
    }
}

static void
test_nothing_is_kept_while_nothing_is_incomplete (void)
{
  g_autoptr (GByteArray) input = frame (frame (NULL, TEXT, "one"), FIN | PING, "between");
  guint between;
  Bench bench;

  input = frame (input, FIN | CONTINUATION, "two");
  between = input->len;
  input = frame (input, FIN | TEXT, "whole");
  bench_begin (&bench);
  for (guint i = 1; i <= input->len; i++)
    {
      feed (&bench, input->data + i - 1, 1);
      g_assert_true ((bench.reader.kept == NULL) == (i == between || i == input->len));
    }
  feed (&bench, input->data, input->len);
  g_assert_null (bench.reader.kept);
  assert_log (bench_end (&bench),
              "part ;ping between;text onetwo;text whole;"
              "part ;ping between;text onetwo;text whole;",
              84);
}

/* A random conversation, with what it has to read as. It may end in a fault. */
static void
make_conversation (GRand *rand, GByteArray *input, GString *expected)
{
  /* An opcode and a bit that are reserved, no mask, a Ping that is a fragment. */
  static const guint8 faults[][2] = { { 0x83, 0x80 }, { 0xc1, 0x80 }, { 0x81, 1 }, { 9, 0x80 } };
  g_autoptr (GByteArray) message = g_byte_array_new ();
  gboolean open = FALSE;

  for (gint i = g_rand_int_range (rand, 1, 12); i > 0; i--)
    {
      gsize length = (gsize) g_rand_int_range (rand, 0, g_rand_boolean (rand) ? 20 : 400);
      g_autofree char *text = g_strnfill (length, (char) g_rand_int_range (rand, 'a', 'z'));
      gboolean last = g_rand_boolean (rand);
      BelfryFrame frame = { (const guint8 *) text, length, 0 };

      if (g_rand_int_range (rand, 0, 3) == 0)
        {
          frame.length = MIN (length, 125);
          append_frame (input, FIN | PING, text, frame.length);
          log_frame (expected, BELFRY_FRAME_PING, &frame);
          continue;
        }
      append_frame (input, (guint8) ((last ? FIN : 0) | (open ? CONTINUATION : TEXT)), text,
                    length);
      g_byte_array_append (message, frame.payload, (guint) length);
      frame = (BelfryFrame){ message->data, message->len, 0 };
      log_frame (expected, last ? BELFRY_FRAME_TEXT : BELFRY_FRAME_PART, &frame);
      open = !last;
      if (last)
        g_byte_array_set_size (message, 0);
    }
  if (g_rand_boolean (rand))
    {
      BelfryFrame frame = { .close_code = 1002 };

      g_byte_array_append (input, faults[g_rand_int_range (rand, 0, 4)], 2);
      log_frame (expected, BELFRY_FRAME_FAULT, &frame);
      g_byte_array_append (input, (const guint8 *) "behind the fault", 16);
    }
}

static void
feed_in_pieces (Bench *bench, GRand *rand, GByteArray *input)
{
  for (gsize done = 0; done < input->len;)
    {
      gsize most = (gsize) g_rand_int_range (rand, 1, g_rand_boolean (rand) ? 5 : 500);
      gsize n = MIN (most, input->len - done);

      feed (bench, input->data + done, n);
      done += n;
    }
}

static void
test_conversations_read_the_same_however_they_come (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (20);

  for (guint i = 0; i < 3000; i++)
    {
      g_autoptr (GByteArray) input = g_byte_array_new ();
      g_autoptr (GString) expected = g_string_new (NULL);
      Bench bench;

      make_conversation (rand, input, expected);
      bench_begin (&bench);
      feed_in_pieces (&bench, rand, input);
      assert_log (bench_end (&bench), expected->str, expected->len);
    }
}

static void
test_noise_reads_the_same_however_it_comes (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (21);

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (GByteArray) input = g_byte_array_new ();
      GString *whole;
      Bench bench;

      g_byte_array_set_size (input, (guint) g_rand_int_range (rand, 1, 200));
      for (guint j = 0; j < input->len; j++)
        input->data[j] = (guint8) g_rand_int (rand);
      /* Most of it would end at its first byte. */
      input->data[0] = (guint8) (g_rand_boolean (rand) ? FIN | BINARY : BINARY);
      if (input->len > 1)
        input->data[1] = (guint8) (0x80 | g_rand_int_range (rand, 0, 40));
      bench_begin (&bench);
      feed (&bench, input->data, input->len);
      whole = bench_end (&bench);
      bench_begin (&bench);
      feed_in_pieces (&bench, rand, input);
      assert_log (bench_end (&bench), whole->str, whole->len);
      g_string_free (whole, TRUE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add_func ("/frame-reader/" path, func)
  ADD ("messages-are-given-out-unmasked", test_messages_are_given_out_unmasked);
  ADD ("lengths-are-read-in-all-three-forms", test_lengths_are_read_in_all_three_forms);
  ADD ("lengths-may-be-longer-than-they-need", test_lengths_may_be_longer_than_they_need);
  ADD ("fragments-are-put-together", test_fragments_are_put_together);
  ADD ("control-frames-may-stand-between-fragments",
       test_control_frames_may_stand_between_fragments);
  ADD ("a-frame-that-is-not-masked-is-a-protocol-error",
       test_a_frame_that_is_not_masked_is_a_protocol_error);
  ADD ("reserved-bits-and-opcodes-are-protocol-errors",
       test_reserved_bits_and_opcodes_are_protocol_errors);
  ADD ("fragments-in-the-wrong-place-are-protocol-errors",
       test_fragments_in_the_wrong_place_are_protocol_errors);
  ADD ("control-frames-are-short-and-whole", test_control_frames_are_short_and_whole);
  ADD ("text-is-valid-utf-8", test_text_is_valid_utf_8);
  ADD ("a-nul-is-a-character", test_a_nul_is_a_character);
  ADD ("a-message-over-the-limit-is-refused-by-its-header",
       test_a_message_over_the_limit_is_refused_by_its_header);
  ADD ("fragments-count-together-against-the-limit",
       test_fragments_count_together_against_the_limit);
  ADD ("a-close-has-a-code-that-may-be-sent", test_a_close_has_a_code_that_may_be_sent);
  ADD ("nothing-is-kept-while-nothing-is-incomplete",
       test_nothing_is_kept_while_nothing_is_incomplete);
  ADD ("conversations-read-the-same-however-they-come",
       test_conversations_read_the_same_however_they_come);
  ADD ("noise-reads-the-same-however-it-comes", test_noise_reads_the_same_however_it_comes);
  return g_test_run ();
}
