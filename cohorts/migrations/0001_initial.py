import cohorts.models.people
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import secrets
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('exams', '0006_assigned_sittings'),
        ('questions', '0006_imports'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Cohort',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('created_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('join_code', models.CharField(default=cohorts.models.people.new_code, max_length=16, unique=True)),
                ('joining_open', models.BooleanField(default=True)),
                ('join_until', models.DateTimeField(blank=True, help_text='Empty: as long as joining is open.', null=True)),
                ('exam', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cohorts', to='questions.exam')),
            ],
            options={
                'ordering': ('-created_at',),
            },
        ),
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=100)),
                ('form_rule', models.CharField(choices=[('pool', 'Any form of the pool'), ('fixed', 'One form for all'), ('unseen', 'A form of questions that the person has not seen')], default='pool', max_length=6)),
                ('opens_at', models.DateTimeField()),
                ('start_by', models.DateTimeField()),
                ('end_by', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10)])),
                ('extra_minutes', models.PositiveSmallIntegerField(default=0, help_text='For everybody, beside the limit.', validators=[django.core.validators.MaxValueValidator(240)])),
                ('grace_seconds', models.PositiveIntegerField(validators=[django.core.validators.MaxValueValidator(3600)])),
                ('results', models.CharField(choices=[('at_once', 'As soon as a sitting is scored'), ('at_end', 'When the assignment has ended'), ('at', 'At a certain time'), ('held', 'When an instructor releases them')], default='at_once', max_length=7)),
                ('results_at', models.DateTimeField(blank=True, null=True)),
                ('review', models.CharField(choices=[('at_once', 'As soon as a sitting is scored'), ('at_end', 'When the assignment has ended'), ('at', 'At a certain time'), ('held', 'When an instructor releases them')], default='at_end', max_length=7)),
                ('review_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('cancelled_at', models.DateTimeField(blank=True, null=True)),
                ('form', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='exams.form')),
                ('cohort', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='cohorts.cohort')),
            ],
            options={
                'ordering': ('-start_by', '-created_at'),
            },
        ),
        migrations.CreateModel(
            name='Instructor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner', models.BooleanField(default=False)),
                ('added_at', models.DateTimeField()),
                ('cohort', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='instructors', to='cohorts.cohort')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='taught', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-owner', 'added_at'),
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254)),
                ('name', models.CharField(blank=True, max_length=80)),
                ('code', models.CharField(default=secrets.token_urlsafe, max_length=43, unique=True)),
                ('invited_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, help_text='Empty: the mail is still to be sent.', null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('problem', models.CharField(blank=True, help_text='Why the mail could not be sent.', max_length=200)),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('accepted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('cohort', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='cohorts.cohort')),
            ],
            options={
                'ordering': ('cohort', 'email'),
            },
        ),
        migrations.CreateModel(
            name='LogEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('by', models.CharField(help_text='Whose act it was.', max_length=254)),
                ('about', models.CharField(blank=True, help_text='Whom it concerns, if it is one person.', max_length=254)),
                ('what', models.CharField(max_length=500)),
                ('assignment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='log', to='cohorts.assignment')),
                ('cohort', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='log', to='cohorts.cohort')),
            ],
            options={
                'ordering': ('-at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('joined_at', models.DateTimeField()),
                ('left_at', models.DateTimeField(blank=True, null=True)),
                ('multiplier', models.DecimalField(blank=True, decimal_places=2, max_digits=3, null=True)),
                ('extra_minutes', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('cohort', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='cohorts.cohort')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('cohort', 'joined_at'),
            },
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('assigned', 'Assigned'), ('soon', 'A day before the last start'), ('changed', 'Times changed'), ('released', 'Results released')], max_length=8)),
                ('due_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to='cohorts.assignment')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Arrangement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('multiplier', models.DecimalField(blank=True, decimal_places=2, max_digits=3, null=True)),
                ('extra_minutes', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('start_by', models.DateTimeField(blank=True, null=True)),
                ('end_by', models.DateTimeField(blank=True, null=True)),
                ('more_attempts', models.PositiveSmallIntegerField(default=0)),
                ('absence', models.CharField(blank=True, choices=[('absent', 'Absent'), ('ill', 'Ill')], max_length=6)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('changed_at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='arrangements', to='cohorts.assignment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('assignment', 'user'), name='arrangement_once'), models.CheckConstraint(condition=models.Q(models.Q(('extra_minutes', None), ('multiplier', None)), models.Q(('extra_minutes__lte', 240), ('multiplier__in', [Decimal('1.00'), Decimal('1.25'), Decimal('1.50'), Decimal('2.00')])), _connector='OR'), name='arrangement_extra_time_known'), models.CheckConstraint(condition=models.Q(('start_by', None), ('end_by', None), ('start_by__lte', models.F('end_by')), _connector='OR'), name='arrangement_times_in_order'), models.CheckConstraint(condition=models.Q(('more_attempts__lte', 10)), name='arrangement_attempts_bounded')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField()),
                ('void_at', models.DateTimeField(blank=True, null=True)),
                ('void_reason', models.CharField(blank=True, max_length=200)),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempted', to='cohorts.assignment')),
                ('sitting', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='attempt', to='exams.sitting')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assigned_attempts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('assignment', 'user', 'number'),
                'constraints': [models.UniqueConstraint(fields=('assignment', 'user', 'number'), name='attempt_number_unique')],
            },
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('opens_at__lt', models.F('start_by')), ('start_by__lte', models.F('end_by'))), name='assignment_times_in_order'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('attempts__range', (1, 10))), name='assignment_attempts_bounded'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('form__isnull', False), ('form_rule', 'fixed')), models.Q(models.Q(('form_rule', 'fixed'), _negated=True), ('form', None)), _connector='OR'), name='assignment_form_when_fixed'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('results', 'at'), ('results_at__isnull', False)), models.Q(models.Q(('results', 'at'), _negated=True), ('results_at', None)), _connector='OR'), name='assignment_results_time_when_named'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('review', 'at'), ('review_at__isnull', False)), models.Q(models.Q(('review', 'at'), _negated=True), ('review_at', None)), _connector='OR'), name='assignment_review_time_when_named'),
        ),
        migrations.AddConstraint(
            model_name='instructor',
            constraint=models.UniqueConstraint(fields=('cohort', 'user'), name='instructor_once'),
        ),
        migrations.AddConstraint(
            model_name='instructor',
            constraint=models.UniqueConstraint(condition=models.Q(('owner', True)), fields=('cohort',), name='instructor_one_owner'),
        ),
        migrations.AddIndex(
            model_name='invitation',
            index=models.Index(condition=models.Q(('sent_at', None)), fields=['invited_at'], name='invitation_to_send'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(fields=('cohort', 'email'), name='invitation_once'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='invitation_lower_case'),
        ),
        migrations.AddIndex(
            model_name='logentry',
            index=models.Index(models.F('cohort'), models.OrderBy(models.F('at'), descending=True), name='log_newest_first'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('cohort', 'user'), name='membership_once'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('extra_minutes', None), ('multiplier', None)), models.Q(('extra_minutes__lte', 240), ('multiplier__in', [Decimal('1.00'), Decimal('1.25'), Decimal('1.50'), Decimal('2.00')])), _connector='OR'), name='membership_extra_time_known'),
        ),
        migrations.AddIndex(
            model_name='reminder',
            index=models.Index(condition=models.Q(('sent_at', None)), fields=['due_at'], name='reminder_to_send'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.UniqueConstraint(fields=('assignment', 'user', 'kind', 'due_at'), name='reminder_once'),
        ),
    ]
